"""The figure of a model's answer: truth, mean and standard deviation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.figure_axes import heading, label
from fieldwright.surrogates.figures import BAR, COLOURS, beside, draw_on_mesh, legend, mesh_panel, panels


@dataclass(frozen=True, eq=False)
class PlotData:
    """What is to be drawn: a band (q, [times,] points, components), the truth of the same shape or None, a title."""

    band: Band
    truth: np.ndarray | None
    title: str


def figure_of(
    data: PlotData, info: FieldInfo, points: np.ndarray, cells: Mapping[str, np.ndarray], placed: bool
) -> Figure:
    """The first query on its mesh, along its line, over the time, or as numbers against the truth.

    Parameters
    ----------
    shown
        What to draw.
    info
        The field.
    points, cells
        Its mesh: (points, 3), and meshio's cell type to nodes.
    placed
        Whether the points are known places, or only counted.
    """
    if info.n_points == 1 and info.times is not None:
        times = np.array(info.times)
        unit = "s" if info.axis == "time" else ""
        return _along(data, info, times, info.axis, unit, lambda part: _size(part[0])[:, 0])
    if info.n_points == 1:
        return _numbers(data, info)
    axes = np.flatnonzero(np.ptp(points, axis=0) > 0.0)
    if len(axes) <= 1:
        axis = int(axes[0]) if len(axes) else 0
        along, unit = ("xyz"[axis], "m") if placed else ("point", "")
        return _along(data, info, points[:, axis], along, unit, lambda part: _last(part[0]))
    return _on_mesh(data, info, points, cells if info.on == "point" else {})


def _size(values: np.ndarray) -> np.ndarray:
    """Scalars as they are, vectors by their Euclidean norm: the last axis taken away."""
    return values[..., 0] if values.shape[-1] == 1 else np.linalg.norm(values, axis=-1)


def _last(values: np.ndarray) -> np.ndarray:
    """(points,) of ([times,] points, components), at the last time."""
    sized = _size(values)
    return sized[-1] if sized.ndim == 2 else sized


def _name(info: FieldInfo) -> str:
    return info.name if len(info.components) == 1 else f"|{info.name}|"


def _along(data, info: FieldInfo, x: np.ndarray, along: str, unit: str, values) -> Figure:
    """Truth and mean with the band, and the std beside."""
    figure, (left, right) = panels(1, 2, **beside(("band", "mean", "truth")), title=data.title)
    order = np.argsort(x, kind="stable")
    mean = values(data.band.mean)
    if len(info.components) == 1:
        low, high = values(data.band.lower), values(data.band.upper)
        left.fill_between(x[order], low[order], high[order], color=COLOURS[0], alpha=0.25, lw=0, label="band")
    left.plot(x[order], mean[order], color=COLOURS[0], lw=1.2, label="mean")
    if data.truth is not None:
        left.plot(x[order], values(data.truth)[order], color="0.1", lw=1.0, ls="--", label="truth")
    legend(left)
    label(left, along, _name(info), x_unit=unit, y_unit=info.unit)
    right.plot(x[order], values(data.band.std)[order], color=COLOURS[1], lw=1.2)
    label(right, along, f"std of {_name(info)}", x_unit=unit, y_unit=info.unit)
    return figure


def _on_mesh(data: PlotData, info: FieldInfo, points: np.ndarray, cells: Mapping[str, np.ndarray]) -> Figure:
    mean, name = _last(data.band.mean[0]), _name(info)
    true = None if data.truth is None else _last(data.truth[0])
    both = [mean] if true is None else [true, mean]
    figure, axes = panels(1, len(both) + 1, mesh_panel(points), right=BAR, title=data.title)
    # One scale for both: two that differ would hide the difference.
    limits = float(np.nanmin(both)), float(np.nanmax(both))
    for ax, values in zip(axes, both, strict=False):
        draw_on_mesh(ax, points, values, cells, name=name, unit=info.unit, limits=limits)
    std = _last(data.band.std[0])
    draw_on_mesh(axes[-1], points, std, cells, name=f"std of {name}", unit=info.unit)
    titles = ("mean", "std") if true is None else ("truth", "mean", "std")
    for ax, title in zip(axes, titles, strict=True):
        heading(ax, title)
    return figure


def _numbers(data: PlotData, info: FieldInfo) -> Figure:
    """Single numbers with their bands, against the truth where there is one."""
    figure, (ax,) = panels(
        title=data.title if len(data.band.mean) == 1 else "Means and bands of runs held out"
    )
    mean, low, high = (
        part.reshape(len(part), -1) for part in (data.band.mean, data.band.lower, data.band.upper)
    )
    across = np.arange(mean.shape[1]) if data.truth is None else data.truth.reshape(len(mean), -1)
    x = np.broadcast_to(across, mean.shape)
    reach = np.stack([(mean - low).ravel(), (high - mean).ravel()])
    ax.errorbar(x.ravel(), mean.ravel(), reach, fmt="o", ms=3, lw=0.8, color=COLOURS[0])
    if data.truth is None:
        _components(ax, info)
    else:
        ends = [float(across.min()), float(across.max())]
        ax.plot(ends, ends, color="0.3", lw=0.8)
        label(ax, "truth", f"mean and band of {info.name}", x_unit=info.unit, y_unit=info.unit)
    return figure


def _components(ax: Axes, info: FieldInfo) -> None:
    label(ax, "component", f"mean and band of {info.name}", y_unit=info.unit)
    ax.set_xticks(range(len(info.components)), info.components)
