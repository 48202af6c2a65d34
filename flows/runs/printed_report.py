"""The report of a study of runs as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from fieldwright.flows.report import PipelineReport, SearchReport
from fieldwright.surrogates.search.outlook import LEAST_DRAWN
from fieldwright.surrogates.validation.holdout import HoldoutResult

SMALL_GAIN = 0.01
"""Share of the error that more trials must promise to save to be worth a figure."""


def print_runs(console: Console, report: PipelineReport) -> Sequence[str]:
    """Prints what came in, what was rejected and why, and how the candidates did; the notes for the end."""
    ingested = report.ingested
    console.print(
        f"\n[bold]{report.study}[/]: {len(ingested.accepted)} runs in the store, {ingested.unchanged} of them "
        f"unchanged since the last time, {len(ingested.rejected)} rejected"
    )
    if ingested.rejected:
        console.print(rejected_runs_table(ingested.rejected))
    fields = list(report.evaluations[0].relative_l2)
    table = Table(
        title="Candidates by cross-validation: mean relative L2 of each field", title_justify="left"
    )
    table.add_column("candidate")
    for column in (report.metric, *fields, "fit, s"):
        table.add_column(column, justify="right")
    for evaluation in report.evaluations:
        errors = [f"{evaluation.relative_l2[field]:.2e}" for field in fields]
        style = "bold" if evaluation.candidate == report.best else None
        table.add_row(
            evaluation.title,
            f"{evaluation.score:.3e}",
            *errors,
            f"{evaluation.fit_seconds:.1f}",
            style=style,
        )
    console.print(table)
    if report.search is not None:
        console.print(search_table(report.search))
        console.print(choice_sentence(report.search), markup=False)
        console.print(outlook_sentence(report.search), markup=False)
    if report.test_set is not None:
        console.print(test_set_table(report.test_set))
    return (*ingested.notes, *report.notes)


def rejected_runs_table(rejected: tuple[tuple[str, str, str], ...]) -> Table:
    """Runs rejected: name, reason, sentence."""
    table = Table(title="Rejected", title_justify="left")
    for column in ("run", "reason", "what to do"):
        table.add_column(column, overflow="fold")
    for row in rejected:
        table.add_row(*row)
    return table


def test_set_table(test_set: HoldoutResult) -> Table:
    """What the bands of the trained model cover on the test set."""
    table = Table(
        title=f"Test set: {test_set.runs} runs, {test_set.inside} of them in the domain. Nominal coverage "
        f"{test_set.coverage:.0%}, ± {test_set.uncertainty:.0%} by so few runs; widths in stds of the values",
        title_justify="left",
    )
    table.add_column("of")
    for column in ("values covered", "width", "full runs covered", "width", "mean relative L2"):
        table.add_column(column, justify="right")
    for name, one in (test_set.fields | test_set.quantities).items():
        table.add_row(
            name,
            f"{one.pointwise:.1%}",
            f"{one.width:.2g}",
            f"{one.simultaneous:.1%}",
            f"{one.simultaneous_width:.2g}",
            f"{one.error:.2e}",
        )
    return table


def search_table(search: SearchReport) -> Table:
    """The best trials of a search."""
    table = Table(title=f"The best of {search.number} trials", title_justify="left")
    for column in ("trial", "candidate", "mean error", "state", "s"):
        table.add_column(column, justify="left" if column in ("candidate", "state") else "right")
    for row in search.trials:
        table.add_row(str(row.number), row.candidate, f"{row.score:.3e}", row.state, f"{row.seconds:.1f}")
    return table


def choice_sentence(search: SearchReport) -> str:
    """The gain of the best over the second best, in a sentence."""
    text = f"Chosen: {search.best}."
    if search.second is None or search.gain is None:
        return text + " There was no second candidate to compare it with."
    spread = search.spread
    if spread is None or spread != spread:
        text += (
            f" On other folds its error was {search.gain:.0%} below that of {search.second} (trained once)."
        )
    else:
        text += (
            f" On other folds its error was {search.gain:.0%} +- {spread:.0%} below that of {search.second} "
            f"(mean and std of {search.repeats} repeated trainings)."
        )
        if search.gain < 2.0 * spread:
            text += " That is within the spread: the second best would do as well."
    return text


def outlook_sentence(search: SearchReport) -> str:
    """What ended the search, what it left out, and what more time would be worth."""
    text = "The time budget ended the search. " if search.spent else ""
    if search.untried:
        text += f"There was no time for the defaults of {', '.join(search.untried)}. "
    if search.exhausted:
        return (
            text + "All settings of kinds that are not far behind were tried: more trials find nothing else."
        )
    if search.doubling is None:
        return text + (
            f"What more trials would be worth cannot be said from {search.drawn} with drawn settings: it takes "
            f"{LEAST_DRAWN}."
        )
    more = f"{search.drawn} more trials, about {search.drawn_seconds:.0f} s of training,"
    if search.doubling < SMALL_GAIN:
        return text + f"By their course so far, {more} would save less than {SMALL_GAIN:.0%} of the error."
    return text + f"By their course so far, {more} would save about {search.doubling:.0%} of the error."
