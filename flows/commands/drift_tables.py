"""A check for drift on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from fieldwright.flows.drift.verdict import DriftReport


def print_drift(report: DriftReport, console: Console) -> None:
    """Prints the verdict: each question with its numbers, and what was done."""
    table = Table(
        title=f"Version {report.version} of '{report.study}', {report.since[:10]} to {report.until[:10]}: "
        f"{report.queries} logged queries in {report.requests} requests",
        title_justify="left",
    )
    for column in ("question", "verdict", "numbers"):
        table.add_column(column, overflow="fold")
    for test in report.tests:
        table.add_row(
            test.name, test.outcome, test.sentence, style="bold" if test.outcome == "drift" else None
        )
    console.print(table)
    console.print(f"Verdict: {report.verdict}.", markup=False)
    for line in (*((report.shadow,) if report.shadow else ()), *report.advice):
        console.print(f"{line[0].upper()}{line[1:]}.", markup=False, soft_wrap=True)
