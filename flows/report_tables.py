"""The pipeline's report as tables on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from flows.report import PipelineReport


def print_report(console: Console, report: PipelineReport) -> None:
    """Prints what came in, what was set aside and why, how the candidates did, and who is champion."""
    ingested = report.ingested
    console.print(
        f"\n[bold]{report.study}[/]: {len(ingested.accepted)} runs in the store, {ingested.unchanged} of them "
        f"unchanged since the last time, {len(ingested.rejected)} set aside"
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
    verb = "is now the champion" if report.promoted else "was not promoted"
    console.print(f"Version {report.version} ({report.best}) {verb}: {report.why}.")
    for note in (*ingested.notes, *report.notes):
        console.print(f"Note: {note}", markup=False)


def rejected_table(rejected: tuple[tuple[str, str, str], ...]) -> Table:
    """Runs set aside: name, reason, sentence."""
    table = Table(title="Set aside", title_justify="left")
    for column in ("run", "reason", "what to do"):
        table.add_column(column, overflow="fold")
    for row in rejected:
        table.add_row(*row)
    return table
