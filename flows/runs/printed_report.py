"""The report of a study of runs as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from fieldwright.flows.report import PipelineReport, Searched
from fieldwright.surrogates.validation.holdout import HoldoutResult


def print_runs(console: Console, report: PipelineReport) -> Sequence[str]:
    """Prints what came in, what was rejected and why, and how the candidates did; the notes for the end."""
    ingested = report.ingested
    console.print(
        f"\n[bold]{report.study}[/]: {len(ingested.accepted)} runs in the store, {ingested.unchanged} of them "
        f"unchanged since the last time, {len(ingested.rejected)} rejected"
    )
    if ingested.rejected:
        console.print(rejected_table(ingested.rejected))
    fields = list(report.judged[0].relative_l2)
    table = Table(
        title="Candidates by cross-validation: mean relative L2 of each field", title_justify="left"
    )
    table.add_column("candidate")
    for column in (report.metric, *fields, "fit, s"):
        table.add_column(column, justify="right")
    for judged in report.judged:
        errors = [f"{judged.relative_l2[field]:.2e}" for field in fields]
        style = "bold" if judged.candidate == report.best else None
        table.add_row(
            judged.candidate, f"{judged.score:.3e}", *errors, f"{judged.fit_seconds:.1f}", style=style
        )
    console.print(table)
    if report.searched is not None:
        console.print(search_table(report.searched))
        console.print(sentence_on_worth(report.searched), markup=False)
    if report.kept_aside is not None:
        console.print(kept_aside_table(report.kept_aside))
    return (*ingested.notes, *report.notes)


def rejected_table(rejected: tuple[tuple[str, str, str], ...]) -> Table:
    """Runs rejected: name, reason, sentence."""
    table = Table(title="Rejected", title_justify="left")
    for column in ("run", "reason", "what to do"):
        table.add_column(column, overflow="fold")
    for row in rejected:
        table.add_row(*row)
    return table


def kept_aside_table(kept: HoldoutResult) -> Table:
    """What the bands of the trained model cover on runs that nothing was learned from."""
    table = Table(
        title=f"{kept.runs} runs kept aside, {kept.inside} of them in the domain: nominal {kept.coverage:.0%}, of so "
        f"few runs ± {kept.uncertainty:.0%}; widths in stds of the values",
        title_justify="left",
    )
    table.add_column("of")
    for column in ("values covered", "width", "whole runs covered", "width", "mean relative L2"):
        table.add_column(column, justify="right")
    for name, one in (kept.fields | kept.quantities).items():
        table.add_row(
            name,
            f"{one.pointwise:.1%}",
            f"{one.width:.2g}",
            f"{one.simultaneous:.1%}",
            f"{one.simultaneous_width:.2g}",
            f"{one.error:.2e}",
        )
    return table


def search_table(searched: Searched) -> Table:
    """The best trials of a search."""
    table = Table(title=f"The best of {searched.number} trials", title_justify="left")
    for column in ("trial", "candidate", "mean error", "state", "s"):
        table.add_column(column, justify="left" if column in ("candidate", "state") else "right")
    for row in searched.trials:
        table.add_row(str(row.number), row.candidate, f"{row.score:.3e}", row.state, f"{row.seconds:.1f}")
    return table


def sentence_on_worth(searched: Searched) -> str:
    """What the choice is worth, in words for people."""
    said = f"Chosen: {searched.best}."
    if searched.second is None or searched.gain is None:
        return said + " There was no second candidate to hold it against."
    spread = searched.spread
    if spread is None or spread != spread:
        said += f" On other folds its error was {searched.gain:.0%} below that of {searched.second} (trained once)."
    else:
        said += (
            f" On other folds its error was {searched.gain:.0%} +- {spread:.0%} below that of {searched.second} "
            f"(mean and std of {searched.repeats} repeated trainings)."
        )
        if searched.gain < 2.0 * spread:
            said += " That is within the spread: the second best would do as well."
    if searched.spent:
        said += " The time budget ended the search; with more 'seconds' it may find better."
    return said
