"""Every figure of the product, of one hand: axes with units, readable in grey print, no global state.

Most of the time of a figure goes into texts: margins are fixed in place of a layout that measures them all first,
ticks are few, and panels of one scale share theirs.
"""

from __future__ import annotations

import io
import textwrap
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.tri import Triangulation

from fieldwright.surrogates.figure_axes import few_ticks, label

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito (2008): distinct with any colour vision."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
HATCHES = ("", "///", "...", "xxx", "---", "\\\\\\", "ooo", "+++")
CANDIDATES = (
    *("bayes", "gp", "mlp", "pce", "rbf", "linear", "lstm", "gru", "dmd", "auto", "stack"),
    *("unet", "crack_cnn", "crack_unet", "pinn"),
)
"""Kinds in the order of their colours, markers and hatches, which a candidate has in every figure."""
LEGEND_CHARACTER, LEGEND_KEY = 0.062, 0.62
"""Inches of one character of a legend, and of what stands before it."""
TITLE_CHARACTER = 0.082
"""Inches of one character of a title."""
BAND = "0.82"
"""Grey of a calibrated band."""
FIELD_MAP = "viridis"
SIGNED_MAP = "RdBu_r"
PANEL = (4.2, 3.2)
"""Width and height of one panel in inches: two fit side by side on a printed page."""
MOST_POINTS, MOST_TRIANGLES = 50_000, 2**20
"""Points of a scatter that a panel shows, since each takes some 70 bytes there; triangles that are filled at most."""
DPI = 150
LEFT, RIGHT, BOTTOM, TOP = 0.72, 0.12, 0.46, 0.30
"""Inches around a panel for its ticks, labels and title."""
BAR = 1.0
"""Inches for a colour bar."""
TITLE, LINE = 0.25, 0.17
"""Inches above all panels for a title of the figure, and for each further line of it."""
TICK_MARKS = 0.08
"""Inches below a panel whose labels stand at another."""


def panels(
    rows: int = 1,
    columns: int = 1,
    size: tuple[float, float] = PANEL,
    *,
    left: float = LEFT,
    right: float = RIGHT,
    outer: float = 0.0,
    title: str = "",
    shared: bool = False,
) -> tuple[Figure, list[Axes]]:
    """An empty figure and its panels row by row; a Figure of its own, so any thread may draw one.

    size: width and height of one panel with all that is around it, inches. left, right: inches there for labels and
    colour bars. outer: inches more on the right of the last column. title: of the figure. shared: the columns
    have one x axis and the rows one y axis, with labels at the outer panels alone.
    """
    width = columns * size[0] + outer
    title = wrapped(title, width)
    above = TITLE + LINE * title.count("\n") if title else 0.0
    # A single panel has no title of its own below that of the figure, and inner panels that share an axis no labels.
    top = RIGHT if title and rows * columns == 1 else TOP
    between = top + (TICK_MARKS if shared else BOTTOM)
    inner = np.maximum((size[0] - left - right, size[1] - BOTTOM - TOP), 0.1)
    height = rows * inner[1] + (rows - 1) * between + BOTTOM + top + above
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.subplots(
        rows,
        columns,
        squeeze=False,
        sharex="col" if shared else False,
        sharey="row" if shared else False,
        gridspec_kw={
            "left": left / width,
            "right": 1.0 - (right + outer) / width,
            "bottom": BOTTOM / height,
            "top": 1.0 - (top + above) / height,
            "wspace": (left + right) / inner[0],
            "hspace": between / inner[1],
        },
    )
    if title:
        figure.suptitle(title, fontsize=10, y=1.0 - 0.05 / height, va="top")
    for ax in axes.ravel():
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8)
        for axis in (ax.xaxis, ax.yaxis):
            few_ticks(axis)
    return figure, axes.ravel().tolist()


def mesh_panel(points: np.ndarray) -> tuple[float, float]:
    """Width and height of a panel for `draw_on_mesh` with a colour bar, of the mesh's proportions."""
    long, high = np.ptp(points, axis=0)[_axes_drawn(points)]
    inner = PANEL[0] - LEFT - BAR
    return PANEL[0], float(np.clip(inner * high / long if long > 0.0 else inner, 0.9, 4.0)) + BOTTOM + TOP


def wrapped(text: str, width: float, character: float = TITLE_CHARACTER) -> str:
    """The text in lines that fit into a width in inches."""
    return "\n".join(textwrap.wrap(text, max(8, int(width / character))))


def legend(ax: Axes) -> None:
    """The legend on the right of its panel, where `beside` has left room: never over what is drawn."""
    ax.legend(
        fontsize=7,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.2,
        handlelength=2.4,
    )


def beside(texts: Iterable[str], size: tuple[float, float] = PANEL, left: float = LEFT) -> dict[str, Any]:
    """Size and margin of a panel, for `panels`, that leave room for a legend of these texts on its right."""
    longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    room = LEGEND_KEY + LEGEND_CHARACTER * longest
    return {"size": (size[0] + room - RIGHT, size[1]), "right": room, "left": left}


def candidate_look(candidate: str) -> dict[str, Any]:
    """Colour, marker and hatch of a candidate, by its kind and number: the same in every figure and report."""
    kind, _, number = candidate.partition("-")
    place = CANDIDATES.index(kind) if kind in CANDIDATES else len(CANDIDATES) + zlib.crc32(kind.encode()) % 42
    again = int(number) - 1 if number.isdigit() else 0
    return {
        "colour": COLOURS[place % len(COLOURS)],
        "marker": MARKERS[(place + place // len(COLOURS) + again) % len(MARKERS)],
        "hatch": HATCHES[(place + again) % len(HATCHES)],
    }


def line_style(i: int) -> dict[str, Any]:
    """Colour, marker and dashes of the i-th line: distinct without colour too."""
    return {
        "color": COLOURS[i % len(COLOURS)],
        "marker": MARKERS[i % len(MARKERS)],
        "ls": DASHES[i % len(DASHES)],
        "ms": 3.5,
        "lw": 1.2,
    }


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
    bar: bool = True,
) -> None:
    """Colours a mesh by values (k,) at its points (k, 2 or 3), seen along the axis of least extent.

    Triangles and quadrilaterals among `cells` are filled; anything else is drawn as a scatter of points, of so many
    spread evenly as a panel has room for.
    limits: values at the ends of the colours, so that two panels can be compared; those of the values if None.
    bar: whether a colour bar stands on the right, for which `panels` must leave `BAR`.
    """
    spread, axes_drawn = np.ptp(points, axis=0), _axes_drawn(points)
    x, y = points[:, axes_drawn[0]], points[:, axes_drawn[1]]
    limit = float(np.nanmax(np.abs(values), initial=0.0)) or 1.0
    colours: dict[str, Any] = (
        {"cmap": SIGNED_MAP, "vmin": -limit, "vmax": limit} if signed else {"cmap": FIELD_MAP}
    )
    if limits is not None:
        colours |= {"vmin": limits[0], "vmax": limits[1]}
    triangles = _triangles(cells or {})
    # A volume mesh seen from outside would show its cells on top of each other: points say less and lie less.
    flat = points.shape[1] == 2 or spread.min() == 0.0
    if 0 < len(triangles) <= MOST_TRIANGLES and flat:
        bad = ~np.isfinite(values)
        mesh = Triangulation(x, y, triangles, mask=bad[triangles].any(axis=1))
        image = ax.tripcolor(mesh, np.where(bad, 0.0, values), shading="gouraud", rasterized=True, **colours)
    else:
        some = slice(None, None, max(1, -(-len(values) // MOST_POINTS)))
        finite = values[np.isfinite(values)]
        if limits is None and not signed and len(finite):
            colours |= {"vmin": float(finite.min()), "vmax": float(finite.max())}
        image = ax.scatter(x[some], y[some], c=values[some], s=2.0, linewidths=0, rasterized=True, **colours)
    if bar:
        colour_bar(ax, image, name, unit)
    ax.set_aspect("equal")
    axis_names = "xyz"
    label(ax, axis_names[axes_drawn[0]], axis_names[axes_drawn[1]], x_unit=length_unit, y_unit=length_unit)
    ax.label_outer()


def _axes_drawn(points: np.ndarray) -> np.ndarray:
    """The two axes of greatest extent, in their order."""
    return np.sort(np.argsort(np.ptp(points, axis=0), kind="stable")[::-1][:2])


def colour_bar(ax: Axes, image: ScalarMappable, name: str = "", unit: str = "") -> None:
    """The scale of an image on the right of its panel; matplotlib's own takes as long as the panel."""
    low, high = image.get_clim()
    bar = ax.inset_axes((1.04, 0.075, 0.05, 0.85))
    bar.imshow(
        np.linspace(high, low, 256)[:, None],
        cmap=image.get_cmap(),
        extent=(0.0, 1.0, low, high if high > low else low + 1.0),
        aspect="auto",
    )
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    few_ticks(bar.yaxis)
    bar.tick_params(labelsize=7)
    label(bar, "", name, y_unit=unit)
    bar.yaxis.label.set_fontsize(8)


def _triangles(cells: Mapping[str, np.ndarray]) -> np.ndarray:
    """(k, 3) corners of all triangles, and of quadrilaterals cut in two; middle nodes are left out."""
    parts = [np.empty((0, 3), dtype=np.int64)]
    for name, nodes in cells.items():
        if name.startswith("triangle"):
            parts.append(nodes[:, :3])
        elif name.startswith("quad"):
            parts += [nodes[:, [0, 1, 2]], nodes[:, [0, 2, 3]]]
    return np.concatenate(parts)


def outlines_figure(families: Mapping[str, np.ndarray], *, length_unit: str = "m") -> Figure:
    """Closed curves, one panel for each family of shapes (k, points, 2), the first dark and the last light."""
    count = sum(map(len, families.values()))
    title = f"{count} shapes of {len(families)} families"
    figure, axes = panels(-(-len(families) // 2), min(2, len(families)), (4.2, 1.8), title=title)
    for ax in axes[len(families) :]:
        ax.set_visible(False)
    for ax, (name, shapes) in zip(axes, families.items(), strict=False):
        for i, shape in enumerate(shapes):
            ax.plot(shape[:, 0], shape[:, 1], lw=1.0, color=str(0.7 * i / max(1, len(shapes) - 1)))
        ax.set_aspect("equal")
        label(ax, "x", "y", x_unit=length_unit, y_unit=length_unit, title=name)
    return figure
