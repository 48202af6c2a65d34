"""The report of a study of any family as tables on a terminal."""

from __future__ import annotations

from rich.console import Console

from fieldwright.flows.report import Report
from fieldwright.flows.study_families import study_family


def print_report(console: Console, report: Report) -> None:
    """Prints how the candidates did, who is champion, and what is particular to the family of the study."""
    notes = study_family(report.subject).print_report(console, report)
    verb = "is now the champion" if report.promoted else "was not promoted"
    if report.nothing_new:
        console.print(f"{report.nothing_new}.", markup=False)
    else:
        console.print(f"Version {report.version} ({report.best}) {verb}: {report.why}.")
    for note in notes:
        console.print(f"Note: {note}", markup=False)
