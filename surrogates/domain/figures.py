"""Where the training runs lie in planes of the parameters, and where the domain that they make ends there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fieldwright.surrogates.domain.domain import Domain
from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import BAND, COLOURS, beside, legend, panels

GRID = 48
"""Places along each side of a plane at which the domain is asked."""
MOST_PLANES = 3
WORST = 3
"""Runs that are named."""
AROUND = 0.08
"""Share of the range that is shown beyond the runs."""
INSIDE, REJECTED, RUNS = "inside, the others\nin the middle", "rejected", "runs"


def planes_of(order: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of parameters that are shown: of the first three in `order`, each pair in the parameters' own order."""
    first = sorted(order[:MOST_PLANES])
    return [(i, j) for a, i in enumerate(first) for j in first[a + 1 :]] or [(i, -1) for i in first]


def domain_figure(
    domain: Domain,
    names: Sequence[str],
    units: Sequence[str],
    x: np.ndarray,
    worst: Mapping[str, int],
    rejected: np.ndarray,
    order: Sequence[int],
) -> Figure:
    """A panel for each plane of parameters: runs, the worst of them, rejected ones, and the domain's section.

    The section is where a query is inside whose other parameters are in the middle of their ranges.

    Parameters
    ----------
    domain
        Of the training runs.
    names, units
        (p,) of the parameters; a single one is shown along a line.
    x
        (n, p) parameters of the training runs.
    worst
        Name to row of x of the runs that are predicted worst.
    rejected
        (k, p) parameters of runs that were rejected.
    order
        Parameters, the most important first: of the first three every plane is shown.
    """
    planes = planes_of(order)
    title = f"{len(x)} training runs"
    title += f" and {len(rejected)} rejected" if len(rejected) else ""
    title += f"; predicted worst: {', '.join(worst)}" if worst else ""
    texts = (RUNS, *worst, *((REJECTED,) if len(rejected) else ()), *INSIDE.split("\n"))
    room = beside(texts, (3.3, 2.8))
    figure, axes = panels(1, len(planes), (3.3, 2.8), outer=room["right"], title=title)
    for ax, (i, j) in zip(axes, planes, strict=True):
        vertical = (
            (lambda values, j=j: np.zeros(len(values))) if j < 0 else (lambda values, j=j: values[:, j])
        )
        if j >= 0:
            _section(ax, domain, i, j)
        ax.plot(x[:, i], vertical(x), "o", ms=3, color="0.35", label=RUNS)
        for k, (name, row) in enumerate(worst.items()):
            ax.plot(
                x[row, i],
                vertical(x[[row]])[0],
                ("D", "s", "^")[k % WORST],
                ms=5.5,
                color=COLOURS[1],
                label=name,
            )
        if len(rejected):
            ax.plot(rejected[:, i], vertical(rejected), "x", ms=5, mew=1.3, color=COLOURS[3], label=REJECTED)
        label(ax, names[i], "" if j < 0 else names[j], x_unit=units[i], y_unit="" if j < 0 else units[j])
        if j < 0:
            ax.set_yticks([])
    if planes[-1][1] >= 0:
        axes[-1].fill_between([], [], color=BAND, label=INSIDE)
    legend(axes[-1])
    return figure


def _section(ax: Axes, domain: Domain, i: int, j: int) -> None:
    low, high = domain.minimum, domain.maximum
    sides = [
        np.linspace(low[k] - AROUND * (high[k] - low[k]), high[k] + AROUND * (high[k] - low[k]), GRID)
        for k in (i, j)
    ]
    queries = np.tile(0.5 * (low + high), (GRID * GRID, 1))
    queries[:, i], queries[:, j] = (side.ravel() for side in np.meshgrid(*sides))
    inside = domain.inside(queries).reshape(GRID, GRID).astype(float)
    if inside.mean() > 0.0:
        ax.contourf(*sides, inside, levels=[0.5, 1.5], colors=[BAND])
