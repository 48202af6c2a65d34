"""The report of a study of any family as tables on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from fieldwright.flows.report import Report
from fieldwright.flows.study_families import study_family


def print_report(console: Console, report: Report) -> None:
    """Prints how the candidates did, who is champion, and what is particular to the family of the study."""
    notes = study_family(report.subject).print_report(console, report)
    verb = "is now the champion" if report.promoted else "was not promoted"
    if report.nothing_new:
        console.print(f"{report.nothing_new}.", markup=False)
    else:
        if report.gates:
            console.print(gates_table(report.gates))
        console.print(f"Version {report.version} ({report.best}) {verb}: {report.why}.", markup=False)
        if report.compared:
            console.print(f"Compared: {report.compared}.", markup=False)
    for note in notes:
        console.print(f"Note: {note}", markup=False)
    if report.page:
        console.print(f"Report: {report.page}", markup=False, soft_wrap=True)


def gates_table(gates: Sequence[tuple[str, str, str, str]]) -> Table:
    """The gates of the promotion, those that failed in bold."""
    table = Table(title="Gates of the promotion", title_justify="left")
    for column in ("gate", "value", "limit", ""):
        table.add_column(column, overflow="fold")
    for row in gates:
        table.add_row(*row, style="bold" if row[-1] != "passed" else None)
    return table
