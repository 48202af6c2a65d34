"""What MLflow keeps of a candidate that solves an equation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fieldwright.flows.equations.report import JudgedSolution
from fieldwright.flows.equations.training_log import TrainingLog
from fieldwright.flows.tracking.mlflow_runs import TrackedRun
from fieldwright.physics.pinn.training import HELD_OUT
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.figures import convergence_figure, solution_figures
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.training import Solved


def record_solution(
    run: TrackedRun,
    case: EquationCase,
    config: PinnConfig,
    solved: Solved,
    judged: JudgedSolution,
    log: TrainingLog,
    seed: int,
) -> None:
    """Settings, verdict with sign and advice, errors, curves and pictures."""
    verdict = solved.verdict
    told = [f"{one.name}: {one.sign}. {one.advice}." for one in verdict.findings]
    run.tags(
        {
            "role": "candidate",
            "candidate": judged.candidate,
            "verdict": verdict.name,
            "advice": judged.advice,
            "mlflow.note.content": "\n\n".join(told),
        }
    )
    run.params(flat(config.model_dump()) | {"seed": seed, "equation": case.problem.name})
    run.params({"optimiser chosen": solved.pinns[0].optimiser, "why": solved.pinns[0].why})
    description = solved.surrogate.description
    run.metrics({"score": judged.residual, "fit_seconds": judged.seconds, "networks": judged.networks})
    run.metrics({f"{name}.error": error for name, error in judged.errors.items()})
    run.metrics({f"estimate.{name}": value for name, value in description.estimates.items()})
    run.metrics({f"estimate_std.{name}": value for name, value in description.estimate_stds.items()})
    if judged.error_bound is not None:
        run.metrics({"error_bound": judged.error_bound})
    findings = [one.model_dump() for one in verdict.findings]
    run.json({"findings": findings, "notes": list(description.notes)}, "findings.json")
    scale = case.problem.scale(case.problem.points(HELD_OUT, np.random.default_rng(seed)))
    figures = solution_figures(case, solved.answering[0].network, scale)
    if curves := log.convergence():
        figures["convergence.png"] = convergence_figure(curves, config.tolerance)
    for name, figure in figures.items():
        run.figure(figure, name)


def flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Tables within tables as dotted names: "architecture.hidden"."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return found
