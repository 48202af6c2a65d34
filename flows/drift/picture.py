"""The picture of a check for drift: queries outside by time, and how queries and runs are distributed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.flows.drift.verdict import DriftReport
from fieldwright.flows.tracking.versions.gates import binomial_range
from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import COLOURS, beside, legend, panels

MOST_PARAMETERS = 7


def drift_figure(
    report: DriftReport, names: Sequence[str], queries: np.ndarray, runs: np.ndarray, limit: float
) -> Figure:
    """Share outside by period with its range, and the cumulative shares of queries (n, p) and runs (m, p)."""
    parameters = list(range(len(names)))[:MOST_PARAMETERS]
    number = 1 + len(parameters)
    columns = min(4, number)
    queried, outside = sum(one.queries for one in report.periods), sum(one.outside for one in report.periods)
    share = f"{outside / queried:.1%} of {queried} queries" if queried else "None of 0 queries"
    title = f"{share} lay outside the domain; runs and queries by parameter"
    room = beside(("runs", "queries", "limit"), (2.8, 2.4))
    figure, axes = panels(-(-number // columns), columns, **room, title=title)
    for ax in axes[number:]:
        ax.set_visible(False)
    periods = [(k, one) for k, one in enumerate(report.periods) if one.queries]
    for k, one in periods:
        low, high = binomial_range(one.outside, one.queries)
        axes[0].plot([k, k], [low, high], color=COLOURS[0], lw=1)
        axes[0].plot([k], [one.outside / one.queries], "o", ms=4, color=COLOURS[0])
    axes[0].axhline(limit, color="0.5", lw=1, ls="--", label="limit")
    legend(axes[0])
    axes[0].set_xlim(-0.5, max(len(report.periods), 1) - 0.5)
    axes[0].set_ylim(-0.02, 1.02)
    label(axes[0], f"period, {report.since[:10]} to {report.until[:10]}", "share outside")
    for ax, j in zip(axes[1:], parameters, strict=False):
        for values, name, colour, dashes in (
            (runs[:, j], "runs", "0.6", "-"),
            (queries[:, j], "queries", COLOURS[1], "--"),
        ):
            if len(values):
                ax.step(
                    np.sort(values),
                    np.arange(1, len(values) + 1) / len(values),
                    where="post",
                    color=colour,
                    ls=dashes,
                    label=name,
                )
        label(ax, names[j], "cumulative share")
        legend(ax)
    return figure
