"""The scores of all candidates beside each other."""

from __future__ import annotations

from matplotlib.figure import Figure

from fieldwright.data.output.written_numbers import number_text
from fieldwright.flows.report import Report
from fieldwright.surrogates.figure_axes import label
from fieldwright.surrogates.figures import candidate_look, panels

CHARACTER = 0.08
"""Inches of one, of a name beside the panel."""


def candidates_figure(report: Report) -> Figure:
    """A bar for each candidate, with two standard errors where they are known; each in its colour and hatch."""
    names = [one.candidate for one in report.evaluations]
    scores = {one.candidate: one.score for one in report.evaluations}
    left = 0.35 + CHARACTER * max(map(len, names))
    title = (
        f"{report.best} has the least {report.metric} of {len(names)}: {number_text(scores[report.best], 3)}"
    )
    if len(names) == 1:
        title = f"{report.best} has the {report.metric} {number_text(scores[report.best], 3)}"
    figure, (ax,) = panels(1, 1, (3.4 + left, 0.9 + 0.3 * len(names)), left=left, title=title)
    for k, one in enumerate(report.evaluations):
        look, error = candidate_look(one.candidate), getattr(one, "standard_error", None)
        ax.barh(
            k,
            one.score,
            0.6,
            xerr=None if error is None else 2.0 * error,
            color=look["colour"],
            hatch=look["hatch"],
            edgecolor="white",
            error_kw={"lw": 1.0, "capsize": 3.0},
        )
    ax.set_yticks(range(len(names)), names)
    ax.get_yticklabels()[names.index(report.best)].set_fontweight("bold")
    ax.invert_yaxis()
    label(ax, report.metric, "")
    return figure
