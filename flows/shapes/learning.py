"""The part of the pipeline that learns from runs whose shape varies: train, judge, log, and keep the best."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from fieldwright.data.progress import TrainingProgress
from fieldwright.flows.report import Ingested, Judged, PipelineReport
from fieldwright.flows.runs.candidate_figures import magnitude, predicted_against_true, true_predicted_error
from fieldwright.flows.runs.candidates import labelled
from fieldwright.flows.shapes.targets import ShapeTargets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import TrackedRun, Tracking
from fieldwright.flows.tracking.promotion import Decision
from fieldwright.flows.tracking.training_curves import ShownTraining
from fieldwright.surrogates.shapes.evaluation import errors_of_the_mean
from fieldwright.surrogates.shapes.held_out import HeldOut
from fieldwright.surrogates.shapes.settings import UNetConfig
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate


@dataclass(frozen=True, eq=False)
class Learned:
    """The candidates as judged by the shapes held out, the best of them, and its trained surrogate."""

    judged: tuple[Judged, ...]
    best: Judged
    surrogate: ShapeSurrogate

    def report(self, study: Study, ingested: Ingested, version: str, decision: Decision) -> PipelineReport:
        """What the pipeline tells."""
        return PipelineReport(
            study=study.name,
            ingested=ingested,
            metric=study.validation.metric,
            judged=self.judged,
            best=self.best.candidate,
            version=version,
            promoted=decision.promote,
            why=decision.why,
            notes=self.surrogate.description.notes,
        )


def learn_shapes(study: Study, shapes: ShapeTargets, tracking: Tracking, pipeline: TrackedRun) -> Learned:
    """Trains every candidate on the same shapes, each in an MLflow run of its own with its pictures.

    A network takes minutes, so that candidates are judged by one set of held-out shapes in place of folds; the
    surrogate that was judged is the one that is kept.
    """
    found: dict[str, tuple[Judged, ShapeSurrogate]] = {}
    for label, config in labelled(study.candidates).items():
        with tracking.run(label, parent=pipeline.id) as child:
            start = time.perf_counter()
            curves = ShownTraining(f"Training {label}", child)
            surrogate, held = train_candidate(study, config, shapes, curves)
            curves.finish()
            judged = _judged(study, label, shapes, held, time.perf_counter() - start)
            found[label] = judged, surrogate
            _log(child, study, config, shapes, judged, held)
    best = min(found, key=lambda label: found[label][0].score)
    return Learned(tuple(judged for judged, _ in found.values()), *found[best])


def train_candidate(
    study: Study, config: UNetConfig, shapes: ShapeTargets, progress: TrainingProgress
) -> tuple[ShapeSurrogate, HeldOut]:
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


def _judged(study: Study, label: str, shapes: ShapeTargets, held: HeldOut, seconds: float) -> Judged:
    errors = {name: held.errors[name] for name in study.fields}
    fluid = shapes.distance >= 0.0
    means = {name: errors_of_the_mean(shapes.targets.values[name], fluid, held.rows) for name in errors}
    return Judged.of(label, study.validation.metric, errors, means, seconds)


def _log(
    run: TrackedRun, study: Study, config: UNetConfig, shapes: ShapeTargets, judged: Judged, held: HeldOut
) -> None:
    run.tags({"role": "candidate", "candidate": judged.candidate})
    run.params(config.model_dump())
    run.params({"seed": study.seed, "runs": len(shapes.targets.runs), "held_out_runs": len(held.rows)})
    run.metrics({"score": judged.score, "fit_seconds": judged.fit_seconds})
    for name, metrics in held.summary().items():
        run.metrics({f"{name}.{metric}": value for metric, value in metrics.items()})
        run.metrics({f"{name}.covered": float(held.covered[name].mean())})
    for name, figure in shape_figures(shapes, held).items():
        run.figure(figure, name)


def shape_figures(shapes: ShapeTargets, held: HeldOut) -> dict[str, Figure]:
    """File name to figure: predicted against true around all shapes held out, and the worst and the median shape."""
    figures: dict[str, Figure] = {}
    targets = shapes.targets
    cells = targets.cells if targets.fields[0].on == "point" else {}
    for field in targets.fields:
        name, true = field.name, targets.values[field.name][held.rows]
        fluid = shapes.distance[held.rows] >= 0.0
        figures[f"{name}_predicted_against_true.png"] = predicted_against_true(
            true[fluid], held.mean[name][fluid], name, field.unit
        )
        errors = held.errors[name]["relative_l2"]
        order = np.argsort(errors)
        for what, k in (("worst", int(order[-1])), ("median", int(order[len(order) // 2]))):
            seen, answered = (
                np.where(fluid[k], magnitude(values[k]), np.nan) for values in (true, held.mean[name])
            )
            figures[f"{name}_{what}_shape.png"] = true_predicted_error(
                shapes.points,
                seen,
                answered,
                cells,
                title=f"{targets.runs[held.rows[k]]}, relative L2 {errors[k]:.1e}",
                name=name if len(field.components) == 1 else f"|{name}|",
                unit=field.unit,
            )
    return figures
