"""What a study of runs learns: the views of its fields, the evaluation of a candidate, the training of the best."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.store.field_values import field_values
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.report import RunsEvaluation
from fieldwright.flows.runs.candidates import with_common_settings
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.design.halves import COST, curves_of_halves
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.coordinates.training_views import EVERY_VIEW, training_views_of
from fieldwright.surrogates.fields.per_field import PerField
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.phases import unaligned_phases
from fieldwright.surrogates.validation.cross_validation import CrossValidation, cross_validate
from fieldwright.surrogates.validation.fold import Chooser

CURVE_SHARE, CURVE_SECONDS = 0.15, 1.0
"""A learning curve is drawn with the report where it takes at most this share of all evaluations, or so many s."""


def views_of(study: Study, targets: Targets, executor: Executor = IN_PROCESS) -> dict[str, TrainingViews]:
    """The fields as all candidates of the study learn them."""
    candidates = [with_common_settings(study, one, targets) for one in study.candidates]
    searches = study.search is not None
    logarithms = searches or any(one.outputs != "raw" for one in candidates)
    return training_views_of(
        targets.x,
        {name: field_values(one) for name, one in targets.values.items()},
        targets.weights,
        {name: study.reduction_of(name) for name in study.outputs},
        EVERY_VIEW if searches else {one.transient for one in candidates},
        study.hints if logarithms else None,
        memory=study.compute.memory_bytes,
        executor=executor,
    )


def periodic_notes(study: Study, x: np.ndarray, views: Mapping[str, TrainingViews]) -> tuple[str, ...]:
    """A sentence on every field that oscillates out of step from run to run; a measured history gives the phase."""
    if study.time.history:
        return ()
    shifts = {name: unaligned_phases(x, one.trajectories.sample) for name, one in views.items()}
    return tuple(shift.sentence(name) for name, shift in shifts.items() if shift is not None)


def cross_validated(
    study: Study,
    label: str,
    candidate: KindConfig | Chooser,
    targets: Targets,
    views: Mapping[str, TrainingViews],
    executor: Executor = IN_PROCESS,
) -> tuple[RunsEvaluation, CrossValidation]:
    """Cross-validates one candidate by the same folds as every other."""
    validation = cross_validate(
        candidate,
        {name: study.reduction_of(name) for name in study.outputs},
        targets.x,
        targets.values,
        folds=min(study.validation.folds, len(targets.runs)),
        seed=study.seed,
        history=study.time.history,
        windows=targets.windows,
        weights=targets.weights,
        progress=lambda done, total: report_progress(f"Evaluating {label}", done, total),
        views=views,
        executor=executor,
    )
    return evaluation_of(study, label, validation), validation


def evaluation_of(
    study: Study, label: str, validation: CrossValidation, config: KindConfig | None = None
) -> RunsEvaluation:
    """The numbers by which a candidate is compared; config: where it may learn each field by another one."""
    return RunsEvaluation.of(
        label,
        study.validation.metric,
        {name: validation.errors[name] for name in study.outputs},
        validation.mean_errors,
        validation.fit_seconds,
        config.labels if isinstance(config, PerField) else None,
    )


def train_on_all(
    study: Study,
    candidate: KindConfig,
    targets: Targets,
    views: Mapping[str, TrainingViews],
    validation: CrossValidation,
    executor: Executor = IN_PROCESS,
) -> Surrogate:
    """Trains the best candidate on all runs and calibrates its bands by its out-of-fold predictions."""
    report_progress("Training the best on all", 0, 1)
    surrogate = Surrogate.train(
        candidate,
        {name: study.reduction_of(name) for name in study.outputs},
        targets.x,
        targets.values,
        parameters=targets.parameters,
        fields=targets.fields,
        points=targets.points,
        cells=targets.cells,
        weights=targets.weights,
        cross_validation=validation,
        coverage=study.validation.coverage,
        history=study.time.history,
        seed=study.seed,
        name=study.name,
        views=views,
        executor=executor,
        losses=targets.losses,
    )
    report_progress("Training the best on all", 1, 1)
    return surrogate


def cheap_curves(
    study: Study,
    config: KindConfig,
    x: np.ndarray,
    views: Mapping[str, TrainingViews],
    validation: CrossValidation,
    of_best: float,
    evaluated: float,
) -> dict[str, LearningCurve]:
    """The learning curves of an evaluated candidate, by halves of the runs; none where they would take long.

    of_best, evaluated: seconds that the evaluations of this candidate and of all have taken. A forecast has none.
    """
    folds = int(validation.fold.max()) + 1
    if study.time.history or COST * of_best / folds > max(CURVE_SHARE * evaluated, CURVE_SECONDS):
        return {}
    reductions = {name: study.reduction_of(name) for name in study.outputs}
    return curves_of_halves(config, reductions, x, views, validation, study.seed)
