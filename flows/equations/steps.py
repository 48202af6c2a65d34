"""The steps of a study of an equation: train every candidate, and evaluate it by the residual on held-out points."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from fieldwright.flows.equations.measured_data import measurements_of
from fieldwright.flows.equations.report import SolutionEvaluation
from fieldwright.flows.equations.solution_table import read_measurements
from fieldwright.flows.equations.training_log import TrainingLog
from fieldwright.flows.report import Evaluation, Ingested
from fieldwright.flows.resumption.evaluation_file import MODEL, read_evaluation, write_evaluation
from fieldwright.flows.steps import Dataset, Finished, Incoming, Steps, Trained, candidates_by_label
from fieldwright.flows.study.equation_sections import ProblemPromotion
from fieldwright.flows.study.equation_study import ProblemStudy
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.versions.gates import at_most
from fieldwright.flows.tracking.versions.promotion import (
    Challenge,
    Decision,
    decide_by_score,
    no_better_than,
    refused_by_gates,
)
from fieldwright.physics.pinn.training import HELD_OUT
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.figures import convergence_figure, solution_figures
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.equations.training import Solved, solve
from fieldwright.surrogates.families import EQUATIONS, Family

PARAMS = "params.json"
"""What was chosen in the training of a candidate."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EquationDataset(Dataset):
    """The equation with all that is measured; points to train on are drawn by each candidate."""

    case: EquationCase


class EquationSteps(Steps[ProblemStudy, EquationDataset]):
    """Read the equation and what is measured, train, and take the least residual among those that converged."""

    samples = "measured values"

    @property
    def family(self) -> Family:
        """The family of solved equations."""
        return EQUATIONS

    @property
    def metric(self) -> str:
        """The distance from a reference decides nothing."""
        return EQUATIONS.metrics[0]

    def ingest(self) -> Incoming:
        """Reads the equation with all that is measured; no files come in."""
        return Incoming(Ingested((), 0), content=read_equation(self.study))

    def data_digest(self, incoming: Incoming) -> str:
        """Of the equation with its code, what is measured, and the reference values."""
        case: EquationCase = incoming.content
        digest = hashlib.sha256()
        for config in self.study.trainings(case.problem):
            digest.update(case.digest(config, self.study.seed).encode())
        if case.solution_data is not None:
            digest.update(case.solution_data.inputs.tobytes() + case.solution_data.values.tobytes())
        return digest.hexdigest()

    def split(self, incoming: Incoming) -> EquationDataset:
        """Counts the measured values: points to train on are drawn by each candidate."""
        case: EquationCase = incoming.content
        measured = 0 if case.measured is None else len(case.measured.values)
        return EquationDataset(ingested=incoming.ingested, samples={"train": measured}, case=case)

    def candidates(self, data: EquationDataset) -> Mapping[str, PinnConfig]:
        """The study's trainings, or the plan of the equation."""
        return candidates_by_label(self.study.trainings(data.case.problem))

    def evaluate(self, label: str, candidate: PinnConfig, data: EquationDataset, run: TrackedRun) -> Trained:
        """Trains one candidate and takes its residual at held-out points."""
        return train_solution(self.study, label, candidate, data.case, run)

    def keep(self, trained: Trained, folder: Path) -> None:
        """Writes the solution, its evaluation, and what was chosen in training."""
        trained.content.save(folder / MODEL)
        write_evaluation(trained.evaluation, folder)
        (folder / PARAMS).write_text(json.dumps(dict(trained.params)), encoding="utf-8")

    def restore(self, label: str, candidate: PinnConfig, data: EquationDataset, folder: Path) -> Trained:
        """Reads what `keep` wrote; pictures are drawn by the networks of the checkpoints."""
        surrogate = SolutionSurrogate.load(folder / MODEL)
        trained = _trained(read_evaluation(SolutionEvaluation, folder), candidate, surrogate)
        params = json.loads((folder / PARAMS).read_text(encoding="utf-8"))

        def draw() -> dict[str, Figure]:
            study = self.study
            log = TrainingLog(None, label, candidate.members, _stages(study, data.case, candidate))
            solved = solve(
                data.case,
                candidate,
                seed=study.seed,
                name=study.name,
                label=label,
                folder=study.checkpoints,
            )
            return _figures(data.case, candidate, solved, log, study.seed)

        return replace(trained, params=params, draw=draw)

    def rank(self, evaluation: Evaluation) -> tuple[bool, float]:
        """A failure comes after every success, whatever its residual."""
        assert isinstance(evaluation, SolutionEvaluation)
        score = evaluation.score
        return not evaluation.converged, score if np.isfinite(score) else np.inf

    def finish(self, best: Trained, all_trained: Sequence[Trained], data: EquationDataset) -> Finished:
        """Gives the best solution the verdicts of all candidates."""
        verdicts = [one.content.description.verdict for one in all_trained]
        surrogate = best.content.with_verdicts(verdicts)
        description = surrogate.description
        report = {
            "equation": data.case.problem.name,
            "estimates": description.estimates,
            "measured": description.measured,
        }
        return Finished(surrogate, report, tags={"verdict": best.content.description.verdict.name})

    def scored_on(self, data_digest: str, data: EquationDataset) -> str:
        """The equation and what is measured: residuals of one equation can be compared, however it is trained."""
        return data.case.digest(PinnConfig(), 0)

    def decide(self, best: Trained, finished: Finished, challenge: Challenge) -> Decision:
        """By `[promotion]` of the study; see `decide_on_solution`."""
        assert isinstance(best.evaluation, SolutionEvaluation)
        return decide_on_solution(self.study.promotion, best.evaluation, challenge)

    def clean_up(self) -> None:
        """Removes the checkpoints."""
        shutil.rmtree(self.study.checkpoints, ignore_errors=True)


def read_equation(study: ProblemStudy) -> EquationCase:
    """The equation with all that is measured; raises FieldwrightError where its reference does not solve it."""
    case = study.case()
    case.problem.check_reference()
    reference = None
    if study.reference is not None:
        reference = read_measurements(study.beside(study.reference.table), case, "reference")
    return replace(case, measured=measurements_of(study, case), solution_data=reference)


def train_solution(
    study: ProblemStudy, label: str, config: PinnConfig, case: EquationCase, run: TrackedRun
) -> Trained:
    """Trains one candidate, going on from where a broken run stopped; its curves are written as they come."""
    log = TrainingLog(run, label, config.members, _stages(study, case, config))
    begin = time.perf_counter()
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
    evaluation = SolutionEvaluation(
        candidate=label,
        score=verdict.residual,
        tolerance=config.tolerance,
        verdict=verdict.name,
        sign=verdict.findings[0].sign,
        advice=verdict.findings[0].advice,
        errors=description.errors,
        error_bound=description.error_bound,
        networks=description.members,
        fit_seconds=time.perf_counter() - begin,
        mean_errors=case.reference_error(None),
        estimates=description.estimates,
        estimate_stds=description.estimate_stds,
        estimate_intervals=description.estimate_intervals,
    )
    trained = _trained(evaluation, config, solved.surrogate)
    params = {"optimiser chosen": solved.pinns[0].optimiser, "why": solved.pinns[0].why}
    draw = partial(_figures, case, config, solved, log, study.seed)
    return replace(trained, params={**trained.params, **params}, draw=draw)


def _trained(evaluation: SolutionEvaluation, config: PinnConfig, surrogate: SolutionSurrogate) -> Trained:
    description = surrogate.description
    verdict = description.verdict
    sentences = [f"{one.name}: {one.sign}. {one.advice}." for one in verdict.findings]
    findings = [one.model_dump() for one in verdict.findings]
    return Trained(
        evaluation=evaluation,
        settings=config.model_dump(),
        content=surrogate,
        params={"equation": description.equation},
        metrics=_metrics(evaluation),
        tags={
            "verdict": verdict.name,
            "advice": evaluation.advice,
            "mlflow.note.content": "\n\n".join(sentences),
        },
        files={"findings.json": {"findings": findings, "notes": list(description.notes)}},
    )


def _stages(study: ProblemStudy, case: EquationCase, config: PinnConfig) -> Path:
    """The file of the stages that a training has passed."""
    return study.checkpoints / f"{case.digest(config, study.seed)}.jsonl"


def _metrics(evaluation: SolutionEvaluation) -> dict[str, float]:
    metrics: dict[str, float] = {"networks": evaluation.networks}
    metrics |= {f"{name}.error": error for name, error in evaluation.errors.items()}
    metrics |= {f"estimate.{name}": value for name, value in evaluation.estimates.items()}
    metrics |= {f"estimate_std.{name}": value for name, value in evaluation.estimate_stds.items()}
    for name, ends in evaluation.estimate_intervals.items():
        limits = zip(("lower", "upper"), ends, strict=True)
        metrics |= {f"estimate_{side}.{name}": end for side, end in limits if end is not None}
    return metrics if evaluation.error_bound is None else metrics | {"error_bound": evaluation.error_bound}


def _figures(
    case: EquationCase, config: PinnConfig, solved: Solved, log: TrainingLog, seed: int
) -> dict[str, Figure]:
    scale = case.problem.scale(case.problem.points(HELD_OUT, np.random.default_rng(seed)))
    figures = solution_figures(case, solved.answering[0].network, scale)
    if curves := log.convergence():
        figures["convergence.png"] = convergence_figure(curves, config.tolerance)
    return figures


def decide_on_solution(rule: ProblemPromotion, best: SolutionEvaluation, challenge: Challenge) -> Decision:
    """A failure is never promoted, whatever its residual; a success against the present champion's."""
    gates = (
        *(
            at_most(
                f"distance of '{name}' from the reference",
                best.errors.get(name, float("nan")),
                limit,
                "promotion.max_error",
            )
            for name, limit in rule.max_error.items()
        ),
        *challenge.gates,
    )
    if not best.converged:
        return Decision(False, f"it is no success but {best.verdict}: {best.sign}. {best.advice}", gates)
    refusal = refused_by_gates(gates)
    if refusal is not None:
        return refusal
    if best.no_better is not None and not rule.allow_no_better:
        return no_better_than("a trivial solution", best.no_better, gates)
    return decide_by_score(best.score, EQUATIONS.metrics[0], rule.min_improvement, challenge, gates)
