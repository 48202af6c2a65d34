"""The steps of a study of runs whose shape varies: networks are evaluated by one set of held-out shapes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from fieldwright.data.progress import TrainingProgress
from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.resumption.evaluation_file import MODEL, read_evaluation, write_evaluation
from fieldwright.flows.runs.inputs import digest_of_runs, ingest_runs, require_runs
from fieldwright.flows.runs.promotion.promotion_rule import decide_on_runs
from fieldwright.flows.shapes.champion_comparison import (
    LEARNED_FROM,
    ask_once_of_shapes,
    compare_on_shapes,
    learned_from,
)
from fieldwright.flows.shapes.figures import shape_figures
from fieldwright.flows.shapes.held_out_file import HELD_OUT, read_held_out, write_held_out
from fieldwright.flows.shapes.targets import ShapeTargets, shape_targets
from fieldwright.flows.steps import Dataset, Finished, Incoming, Steps, Trained, candidates_by_label
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.training_curves import ShownTraining
from fieldwright.flows.tracking.versions.gates import coverage_gate
from fieldwright.flows.tracking.versions.promotion import Challenge, Decision
from fieldwright.surrogates.families import SHAPES, Family
from fieldwright.surrogates.shapes.error_measures import errors_of_the_mean
from fieldwright.surrogates.shapes.model_evaluation import ShapeEvaluation
from fieldwright.surrogates.shapes.settings import UNetConfig
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate


@dataclass(frozen=True, eq=False, kw_only=True)
class ShapesDataset(Dataset):
    """Shapes and fields; each candidate holds out its own share of them."""

    shapes: ShapeTargets


@dataclass(frozen=True, eq=False)
class TrainedShapes:
    """A surrogate, and what the shapes that it held out say of it."""

    surrogate: ShapeSurrogate
    evaluation: ShapeEvaluation


class ShapesSteps(Steps[Study, ShapesDataset]):
    """There is nothing to reduce, and a network takes minutes: the one that was evaluated is the one that is kept."""

    samples = "runs"

    @property
    def family(self) -> Family:
        """The family of fields around shapes."""
        return SHAPES

    @property
    def metric(self) -> str:
        """The metric of `[validation]`."""
        return self.study.validation.metric

    def ingest(self) -> Incoming:
        """Reads new and changed runs into the store."""
        return Incoming(ingest_runs(self.study))

    def data_digest(self, incoming: Incoming) -> str:
        """Of the contents of all accepted runs."""
        return digest_of_runs(self.study)

    def split(self, incoming: Incoming) -> ShapesDataset:
        """Takes the shapes and fields out of the store; each candidate holds out its own part."""
        require_runs(self.study, incoming.ingested)
        shapes, ingested = shape_targets(self.study, incoming.ingested)
        n = len(shapes.targets.runs)
        return ShapesDataset(ingested=ingested, samples={"train": n}, metrics={"runs": n}, shapes=shapes)

    def candidates(self, data: ShapesDataset) -> Mapping[str, UNetConfig]:
        """The settings of the study's networks."""
        return candidates_by_label(self.study.candidates)

    def evaluate(self, label: str, candidate: UNetConfig, data: ShapesDataset, run: TrackedRun) -> Trained:
        """Trains one network and evaluates it on the shapes that it held out."""
        start = time.perf_counter()
        curves = ShownTraining(f"Training {label}", run)
        surrogate, held_out = train_shape_surrogate(self.study, candidate, data.shapes, curves)
        curves.finish()
        evaluation = _evaluation(self.study, label, data.shapes, held_out, time.perf_counter() - start)
        return _trained(evaluation, candidate, surrogate, held_out, data)

    def keep(self, trained: Trained, folder: Path) -> None:
        """Writes the network, its predictions of the shapes that it held out, and the evaluation."""
        trained.content.surrogate.save(folder / MODEL)
        write_held_out(trained.content.evaluation, folder / HELD_OUT)
        write_evaluation(trained.evaluation, folder)

    def restore(self, label: str, candidate: UNetConfig, data: ShapesDataset, folder: Path) -> Trained:
        """Reads what `keep` wrote."""
        evaluation = read_evaluation(RunsEvaluation, folder)
        surrogate, held_out = ShapeSurrogate.load(folder / MODEL), read_held_out(folder / HELD_OUT)
        return _trained(evaluation, candidate, surrogate, held_out, data)

    def finish(self, best: Trained, all_trained: Sequence[Trained], data: ShapesDataset) -> Finished:
        """Keeps the network as it was evaluated."""
        content: TrainedShapes = best.content
        files = {LEARNED_FROM: learned_from(self.study, data.shapes, content.evaluation)}
        return self.completed(Finished(content.surrogate, files=files), best, data)

    def completed(self, finished: Finished, best: Trained, data: ShapesDataset) -> Finished:
        """With the shapes."""
        ask = partial(ask_once_of_shapes, best.content.surrogate, data.shapes)
        return replace(finished, content=data.shapes, ask=ask)

    def decide(self, best: Trained, finished: Finished, challenge: Challenge) -> Decision:
        """By `[promotion]` of the study, on the held-out shapes where the champion can be asked for them."""
        study, content = self.study, best.content
        evaluation: ShapeEvaluation = content.evaluation
        assert isinstance(best.evaluation, RunsEvaluation)
        least, gates = study.promotion.min_coverage, []
        if least is not None:
            n = len(evaluation.rows)
            gates = [
                coverage_gate(f"coverage of {name} on {n} held-out shapes", float(one.mean()), n, least)
                for name, one in evaluation.covered.items()
            ]
        comparison = None
        if challenge.champion is not None:
            comparison = compare_on_shapes(
                study, self.tracking, challenge.champion, content.surrogate, finished.content, evaluation
            )
        return decide_on_runs(study.promotion, self.metric, best.evaluation, challenge, gates, comparison)


def _trained(
    evaluation: RunsEvaluation,
    candidate: UNetConfig,
    surrogate: ShapeSurrogate,
    held_out: ShapeEvaluation,
    data: ShapesDataset,
) -> Trained:
    metrics: dict[str, float] = {}
    for name, errors in held_out.summary().items():
        metrics |= {f"{name}.{metric}": value for metric, value in errors.items()}
        metrics[f"{name}.covered"] = float(held_out.covered[name].mean())
    return Trained(
        evaluation=evaluation,
        settings=candidate.model_dump(),
        content=TrainedShapes(surrogate, held_out),
        params={
            "samples.train": data.samples["train"] - len(held_out.rows),
            "samples.validation": len(held_out.rows),
        },
        metrics=metrics,
        draw=partial(shape_figures, data.shapes, held_out),
    )


def train_shape_surrogate(
    study: Study, config: UNetConfig, shapes: ShapeTargets, progress: TrainingProgress
) -> tuple[ShapeSurrogate, ShapeEvaluation]:
    """One candidate's surrogate, and what the shapes held out say of it."""
    geometry = study.geometry
    assert geometry is not None
    targets = shapes.targets
    return ShapeSurrogate.train(
        config,
        shapes.distance,
        targets.x,
        targets.values,
        parameters=targets.parameters,
        fields=targets.fields,
        points=shapes.points,
        cells=targets.cells if targets.fields[0].on == "point" else None,
        field=geometry.field,
        unit=shapes.unit,
        periodic=geometry.periodic,
        mirror=geometry.mirror,
        coverage=study.validation.coverage,
        seed=study.seed,
        name=study.name,
        progress=progress,
    )


def _evaluation(
    study: Study, label: str, shapes: ShapeTargets, held_out: ShapeEvaluation, seconds: float
) -> RunsEvaluation:
    errors = {name: held_out.errors[name] for name in study.outputs}
    fluid = shapes.distance >= 0.0
    means = {name: errors_of_the_mean(shapes.targets.values[name], fluid, held_out.rows) for name in errors}
    return RunsEvaluation.of(label, study.validation.metric, errors, means, seconds)
