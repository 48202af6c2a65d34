"""The pipeline of a study of an equation: train every candidate, judge by the residual, register, promote."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from functools import partial

import numpy as np

from fieldwright.flows.equations.candidate_record import record_solution
from fieldwright.flows.equations.measured_data import measured_of
from fieldwright.flows.equations.report import JudgedSolution, ProblemReport
from fieldwright.flows.equations.solution_table import table_of
from fieldwright.flows.equations.training_log import TrainingLog
from fieldwright.flows.runs.candidates import labelled
from fieldwright.flows.study.equation_sections import ProblemPromotion
from fieldwright.flows.study.equation_study import ProblemStudy
from fieldwright.flows.tasks import one_thread, pipeline_task, whole
from fieldwright.flows.tracking.mlflow_runs import TrackedRun, Tracking
from fieldwright.flows.tracking.promotion import Decision, against_champion, no_better_than
from fieldwright.flows.tracking.registration import register_and_decide
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.training import Solved, solve
from fieldwright.surrogates.families import EQUATIONS

METRIC = EQUATIONS.metrics[0]
"""What candidates and champions are compared by; the distance from a reference decides nothing."""


def solve_equation(study: ProblemStudy, tracking: Tracking, pipeline: TrackedRun) -> ProblemReport:
    """From the equation to a registered version, and the champion where it converged and beats the present one."""
    case = read_equation(study)
    found: dict[str, tuple[JudgedSolution, Solved]] = {}
    for label, config in labelled(study.trainings(case.problem)).items():
        with tracking.run(label, parent=pipeline.id) as child:
            found[label] = train_candidate(study, label, config, whole(case), whole(child))
    best = min(found, key=lambda label: _rank(found[label][0]))
    judged, solved = found[best]
    surrogate = solved.surrogate.told([one.verdict for _, one in found.values()])
    tags = {
        "candidate": best,
        "metric": METRIC,
        "score": repr(judged.residual),
        "verdict": judged.verdict,
    }
    version, decision = register_and_decide(
        whole(tracking),
        whole(pipeline),
        whole(surrogate),
        tags,
        whole(partial(decide, study.promotion, judged)),
    )
    pipeline.tags({"verdict": judged.verdict})
    pipeline.metrics({"score": judged.residual})
    # The solutions are registered: what a broken run would have gone on from is of no more use.
    shutil.rmtree(study.checkpoints, ignore_errors=True)
    return ProblemReport(
        study=study.name,
        best=best,
        version=version,
        promoted=decision.promote,
        why=decision.why,
        equation=case.problem.name,
        judged=tuple(one for one, _ in found.values()),
        estimates=surrogate.description.estimates,
        measured=surrogate.description.measured,
        notes=surrogate.description.notes,
    )


@pipeline_task(name="read equation")
def read_equation(study: ProblemStudy) -> EquationCase:
    """The equation with all that is measured; raises FieldwrightError where its reference does not solve it."""
    case = study.case()
    case.problem.check_reference()
    known = None
    if study.reference is not None:
        known = table_of(study.beside(study.reference.table), case, "reference")
    return replace(case, measured=measured_of(study, case), known=known)


@pipeline_task(name="train", task_run_name="train {label}")
def train_candidate(
    study: ProblemStudy, label: str, config: PinnConfig, case: EquationCase, run: TrackedRun
) -> tuple[JudgedSolution, Solved]:
    """Trains one candidate, going on from where a broken run stopped, and records what became of it."""
    digest = case.digest(config, study.seed)
    log = TrainingLog(run, label, config.members, study.checkpoints / f"{digest}.jsonl")
    begin = time.perf_counter()
    with one_thread():
        solved = solve(
            case,
            config,
            seed=study.seed,
            name=study.name,
            label=label,
            folder=study.checkpoints,
            progress=log,
        )
    log.finish()
    verdict, description = solved.verdict, solved.surrogate.description
    judged = JudgedSolution(
        candidate=label,
        residual=verdict.residual,
        tolerance=config.tolerance,
        verdict=verdict.name,
        sign=verdict.findings[0].sign,
        advice=verdict.findings[0].advice,
        errors=description.errors,
        error_bound=description.error_bound,
        networks=description.members,
        seconds=time.perf_counter() - begin,
        mean_errors=case.reference_error(None),
        estimates=description.estimates,
        estimate_stds=description.estimate_stds,
    )
    record_solution(run, case, config, solved, judged, log, study.seed)
    return judged, solved


def decide(rule: ProblemPromotion, best: JudgedSolution, champion: tuple[str, float] | None) -> Decision:
    """A failure is never promoted, whatever its residual; a success against the present champion's."""
    if not best.converged:
        return Decision(False, f"it is no success but {best.verdict}: {best.sign}. {best.advice}")
    if best.no_better is not None and not rule.allow_no_better:
        return no_better_than("a trivial solution", best.no_better)
    return against_champion(best.residual, rule.min_improvement, champion)


def _rank(judged: JudgedSolution) -> tuple[bool, float]:
    return not judged.converged, judged.residual if np.isfinite(judged.residual) else np.inf
