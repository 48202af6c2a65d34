"""Every figure of the product, of one hand: axes with units, readable in grey print, no global state."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito (2008): distinct with any colour vision."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
FIELD_MAP = "viridis"
SIGNED_MAP = "RdBu_r"
PANEL = (4.2, 3.2)
"""Width and height of one panel in inches: two fit side by side on a printed page."""
DPI = 150


def panels(rows: int = 1, columns: int = 1, size: tuple[float, float] = PANEL) -> tuple[Figure, list[Axes]]:
    """An empty figure and its panels row by row; a Figure of its own, so any thread may draw one."""
    figure = Figure(figsize=(columns * size[0], rows * size[1]), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
    return figure, axes


def label(ax: Axes, x: str, y: str, *, x_unit: str = "", y_unit: str = "", title: str = "") -> None:
    """Names both axes, units in brackets; a pure number is given without."""
    ax.set_xlabel(f"{x} [{x_unit}]" if x_unit else x, fontsize=9)
    ax.set_ylabel(f"{y} [{y_unit}]" if y_unit else y, fontsize=9)
    if title:
        ax.set_title(title, fontsize=10)


def line_style(i: int) -> dict[str, Any]:
    """Colour and marker of the i-th line: distinct without colour too."""
    return {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)], "ms": 3.5, "lw": 1.2}


def png(figure: Figure) -> bytes:
    """The figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def draw_on_mesh(
    ax: Axes,
    points: np.ndarray,
    values: np.ndarray,
    cells: Mapping[str, np.ndarray] | None = None,
    *,
    name: str = "",
    unit: str = "",
    length_unit: str = "m",
    signed: bool = False,
    limits: tuple[float, float] | None = None,
) -> None:
    """Colours a mesh by values (k,) at its points (k, 2 or 3), seen along the axis of least extent.

    Triangles and quadrilaterals among `cells` are filled; anything else is drawn as a scatter of points.
    limits: values at the ends of the colours, so that two panels can be compared; those of the values if None.
    """
    spread = np.ptp(points, axis=0)
    axes_drawn = np.sort(np.argsort(spread, kind="stable")[::-1][:2])
    x, y = points[:, axes_drawn[0]], points[:, axes_drawn[1]]
    limit = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    colours: dict[str, Any] = (
        {"cmap": SIGNED_MAP, "vmin": -limit, "vmax": limit} if signed else {"cmap": FIELD_MAP}
    )
    if limits is not None:
        colours |= {"vmin": limits[0], "vmax": limits[1]}
    triangles = _triangles(cells or {})
    # A volume mesh seen from outside would show its cells on top of each other: points say less and lie less.
    if len(triangles) and (points.shape[1] == 2 or spread.min() == 0.0):
        bad = ~np.isfinite(values)
        mesh = Triangulation(x, y, triangles, mask=bad[triangles].any(axis=1))
        image = ax.tripcolor(mesh, np.where(bad, 0.0, values), shading="gouraud", rasterized=True, **colours)
    else:
        image = ax.scatter(x, y, c=values, s=2.0, linewidths=0, rasterized=True, **colours)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.85)
    bar.set_label(f"{name} [{unit}]" if unit else name, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    ax.set_aspect("equal")
    axis_names = "xyz"
    label(ax, axis_names[axes_drawn[0]], axis_names[axes_drawn[1]], x_unit=length_unit, y_unit=length_unit)


def _triangles(cells: Mapping[str, np.ndarray]) -> np.ndarray:
    """(k, 3) corners of all triangles, and of quadrilaterals cut in two; middle nodes are left out."""
    parts = [np.empty((0, 3), dtype=np.int64)]
    for name, nodes in cells.items():
        if name.startswith("triangle"):
            parts.append(nodes[:, :3])
        elif name.startswith("quad"):
            parts += [nodes[:, [0, 1, 2]], nodes[:, [0, 2, 3]]]
    return np.concatenate(parts)


def singular_value_decay(spectrum: np.ndarray, total_energy: float, rank: int, name: str = "") -> Figure:
    """Singular values relative to the first, and the energy left out, 1 - sum s^2 / total, by rank."""
    figure, (left, right) = panels(1, 2)
    ranks = np.arange(1, len(spectrum) + 1)
    first = spectrum[0] if len(spectrum) and spectrum[0] > 0 else 1.0
    total = total_energy if total_energy > 0 else 1.0
    left.semilogy(ranks, np.maximum(spectrum / first, 1e-17), **line_style(0))
    label(left, "mode", "singular value / first", title=name)
    lost = 1.0 - np.cumsum(spectrum**2) / total
    right.semilogy(ranks, np.maximum(lost, 1e-17), **line_style(1))
    label(right, "rank", "energy left out / total")
    for ax in (left, right):
        ax.axvline(rank, color="0.4", lw=0.8, ls="--", label=f"chosen rank {rank}")
        ax.grid(alpha=0.3)
    right.legend(fontsize=8, frameon=False)
    return figure


def projection_error(errors: Mapping[str, np.ndarray], name: str = "") -> Figure:
    """Relative projection error on held-out runs against rank 0, 1, 2, ...; one line for each reduction."""
    figure, (ax,) = panels()
    for i, (reduction, values) in enumerate(errors.items()):
        ax.semilogy(np.arange(len(values)), np.maximum(values, 1e-17), label=reduction, **line_style(i))
    label(ax, "rank", "relative projection error, held-out runs", title=name)
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, frameon=False)
    return figure


def modes_figure(
    basis: Sequence[np.ndarray],
    points: np.ndarray,
    cells: Mapping[str, np.ndarray] | None = None,
    *,
    name: str = "",
    length_unit: str = "m",
) -> Figure:
    """The first modes, each (k,) values at points (k, 2 or 3), on the mesh; modes have no unit."""
    columns = min(3, max(1, len(basis)))
    rows = -(-len(basis) // columns)
    figure, axes = panels(max(1, rows), columns)
    for i, ax in enumerate(axes):
        if i >= len(basis):
            ax.set_visible(False)
            continue
        draw_on_mesh(ax, points, basis[i], cells, signed=True, length_unit=length_unit)
        ax.set_title(f"{name} mode {i + 1}".strip(), fontsize=10)
    return figure


def outlines_figure(families: Mapping[str, np.ndarray], *, length_unit: str = "m") -> Figure:
    """Closed curves, one panel for each family of shapes (k, points, 2), the first dark and the last light."""
    figure, axes = panels(-(-len(families) // 2), min(2, len(families)), (4.2, 1.8))
    for ax in axes[len(families) :]:
        ax.set_visible(False)
    for ax, (name, shapes) in zip(axes, families.items(), strict=False):
        for i, shape in enumerate(shapes):
            ax.plot(shape[:, 0], shape[:, 1], lw=1.0, color=str(0.7 * i / max(1, len(shapes) - 1)))
        ax.set_aspect("equal")
        label(ax, "x", "y", x_unit=length_unit, y_unit=length_unit, title=name)
    return figure


def coverage(nominal: np.ndarray, observed: Mapping[str, np.ndarray]) -> Figure:
    """Share of held-out values within their bands against the nominal level; one line for each field."""
    figure, (ax,) = panels()
    ax.plot([0.0, 1.0], [0.0, 1.0], color="0.4", lw=0.8, ls="--", label="as stated")
    for i, (name, share) in enumerate(observed.items()):
        ax.plot(nominal, share, label=name, **line_style(i))
    label(ax, "nominal coverage of the band", "observed coverage, held-out runs")
    ax.set_xlim(0.0, 1.0)
    ax.set_ylim(0.0, 1.0)
    ax.set_aspect("equal")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8, frameon=False)
    return figure
