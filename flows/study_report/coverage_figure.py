"""What the bands cover, beside what they promise."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import BAND, COLOURS, HATCHES, beside, legend, panels

CHARACTER = 0.08
"""Inches of one, of a name beside the panel."""
ALLOWED, PROMISED = "allowed by so\nmany runs", "promised"


def coverage_figure(
    observed: Mapping[str, float], nominal: float, low: float | None = None, high: float | None = None
) -> Figure:
    """A bar for each field: the share of values within their bands, the nominal share, and the range of chance."""
    names = list(observed)
    left = 0.35 + CHARACTER * max(map(len, names))
    worst = min(observed, key=lambda name: observed[name])
    title = f"Bands of {nominal:.0%} cover {observed[worst]:.1%} of {worst}"
    title += f", the least of {len(names)} fields" if len(names) > 1 else ""
    texts = (ALLOWED, PROMISED)
    room = beside(texts, (3.6 + left, 0.9 + 0.3 * max(2, len(names))), left)
    figure, (ax,) = panels(1, 1, **room, title=title)
    if low is not None and high is not None:
        ax.axvspan(100.0 * low, 100.0 * high, color=BAND, lw=0, label=ALLOWED)
    ax.barh(
        range(len(names)),
        [100.0 * share for share in observed.values()],
        0.5,
        color=COLOURS[5],
        hatch=HATCHES[1],
        edgecolor="white",
    )
    ax.axvline(100.0 * nominal, color="0.1", lw=1.2, ls="--", label=PROMISED)
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xlim(0.0, 100.0)
    label(ax, "values within their bands", "", x_unit="%")
    legend(ax)
    return figure
