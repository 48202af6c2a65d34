"""The report of a pipeline run of a study of an equation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.console import Console
from rich.table import Table

from fieldwright.flows.report import Report
from fieldwright.physics.pinn.profile_likelihood import Interval, interval_text


@dataclass(frozen=True)
class SolutionEvaluation:
    """One candidate: its score, the relative residual on held-out points, and its verdict with sign and advice.

    errors: relative L2 distance of each output from the reference, where the equation has one; it decides nothing,
        but that an answer no better than the reference's mean, whose distances are mean_errors, is not promoted.
    """

    candidate: str
    score: float
    tolerance: float
    verdict: str
    sign: str
    advice: str
    errors: dict[str, float]
    error_bound: float | None
    networks: int
    fit_seconds: float
    mean_errors: dict[str, float] = field(default_factory=dict)
    estimates: dict[str, float] = field(default_factory=dict)
    estimate_stds: dict[str, float] = field(default_factory=dict)
    estimate_intervals: dict[str, Interval] = field(default_factory=dict)

    @property
    def no_better(self) -> str | None:
        """What shows that it is no better than a trivial answer; None where it is better.

        N = 0 has the relative residual 1: the lift alone, or a plain wave where the lift solves the equation. One
        output may vary so little that its mean is a good answer: a reference speaks against all of them, or not.
        """
        if not self.score < 1.0:
            return f"its relative residual is {self.score:.3g}, that of the lift alone 1"
        pairs = [
            (name, self.errors[name], mean) for name, mean in self.mean_errors.items() if name in self.errors
        ]
        if pairs and all(not error < mean for _, error, mean in pairs):
            return "its distance from the reference is " + ", ".join(
                f"{error:.3g} for '{name}' ({mean:.3g} for the reference's mean)"
                for name, error, mean in pairs
            )
        return None

    @property
    def converged(self) -> bool:
        """Whether it may be called a success."""
        return self.verdict == "converged"


@dataclass(frozen=True, kw_only=True)
class ProblemReport(Report):
    """Of an equation: its name, the coefficients found, and how many values were measured."""

    subject: ClassVar[str] = "an equation"

    equation: str
    evaluations: tuple[SolutionEvaluation, ...]
    estimates: dict[str, float]
    measured: int


def print_solutions(console: Console, report: ProblemReport) -> Sequence[str]:
    """Prints how every candidate did, and what to do about those that failed; the notes for the end."""
    beside = f" and {report.measured} measured values" if report.measured else ""
    console.print(f"\n[bold]{report.study}[/]: the equation '{report.equation}'{beside}")
    table = Table(title="Candidates by the residual on points never trained on", title_justify="left")
    outputs = list(report.evaluations[0].errors)
    for column in ("candidate", "verdict"):
        table.add_column(column)
    names = list(report.estimates)
    measures = (f"error of {name}" for name in outputs)
    estimate_columns = (column for name in names for column in (name, f"std of {name}"))
    for column in ("residual", "tolerance", *measures, "error bound", *estimate_columns, "s"):
        table.add_column(column, justify="right")
    for one in report.evaluations:
        errors = [f"{one.errors[name]:.2e}" for name in outputs]
        bound = "" if one.error_bound is None else f"{one.error_bound:.1e}"
        estimates = []
        for name in names:
            std = one.estimate_stds.get(name)
            estimates += [f"{one.estimates[name]:.6g}", "" if std is None else f"{std:.2g}"]
        row = (
            f"{one.score:.2e}",
            f"{one.tolerance:.1e}",
            *errors,
            bound,
            *estimates,
            f"{one.fit_seconds:.1f}",
        )
        style = "bold" if one.candidate == report.best else None
        table.add_row(one.candidate, one.verdict, *row, style=style)
    console.print(table)
    for one in report.evaluations:
        if not one.converged:
            console.print(f"{one.candidate} failed, {one.verdict}: {one.sign}. {one.advice}.", markup=False)
    for name, value in report.estimates.items():
        console.print(f"Found: {name} = {value:.6g}", markup=False)
    for one in report.evaluations:
        for name, ends in one.estimate_intervals.items():
            console.print(f"{one.candidate}: {name} lies {interval_text(ends)}", markup=False)
    return report.notes
