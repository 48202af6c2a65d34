"""A learning curve of few trainings: on both halves of the runs and on half of each, beside the cross-validation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.coordinates.models_at_points import ModelsAtPoints
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.per_field import fields_by_config
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.validation.cross_validation import CrossValidation
from fieldwright.surrogates.validation.fold import FoldSettings, evaluate_fold
from fieldwright.surrogates.validation.metrics import relative_l2

LEAST_PLACES = 20
"""Fewer leave a quarter of less than five places."""
HALVES = 2
COST = 1.0
"""Trainings of a fold that all of these take together: the time of a fit grows faster than its runs."""


def curves_of_halves(
    config: KindConfig,
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    views: Mapping[str, TrainingViews],
    validation: CrossValidation,
    seed: int,
) -> dict[str, LearningCurve]:
    """Field to its curve of mean relative L2 errors at a quarter of the runs, half of them, and those of a fold.

    The runs are drawn into two halves. Each is learned from, and so is a half of it; the runs of the other half are
    predicted at the sample of points of the views. The third error is that of the cross-validation.

    Parameters
    ----------
    config
        Of all fields, or a `PerField` of each.
    reductions
        Of each field.
    x
        (n, p) parameters.
    views
        Field to the runs as folds learn them.
    validation
        Of the same candidate on the same runs.
    seed
        Of the drawing and the trainings.

    Returns
    -------
    dict
        None of it where the runs lie at fewer than LEAST_PLACES places.
    """
    place = places(x)
    number = int(place.max()) + 1
    if number < LEAST_PLACES:
        return {}
    half = number // HALVES
    order = np.random.default_rng(seed).permutation(number)
    halves = order[:half], order[half : HALVES * half]
    counts = (half // 2, half)
    of_a_fold = len(x) * (1.0 - 1.0 / (int(validation.fold.max()) + 1))
    sizes = np.array([*(round(count * len(x) / number) for count in counts), round(of_a_fold)])
    errors = {name: np.empty((len(sizes), HALVES)) for name in views}
    for repeat, (half_of_runs, other) in enumerate((halves, halves[::-1])):
        held_out = np.flatnonzero(np.isin(place, other))
        for k, count in enumerate(counts):
            training = np.flatnonzero(np.isin(place, half_of_runs[:count]))
            for of_fields, names in fields_by_config(config, views):
                settings = FoldSettings(of_fields, {name: reductions[name] for name in names}, 0, seed)
                of_names = {name: views[name] for name in names}
                outcome = evaluate_fold(settings, x, of_names, validation.weights, held_out, training)
                for name, part in outcome.fields.items():
                    view = views[name].trajectories
                    block = view.sample if view.sample.ndim == 4 else view.sample[:, None]
                    (model,) = ModelsAtPoints.of([part.field], block.shape).at_points(block)
                    mean = part.predicted(model).mean.reshape(block[held_out].shape)
                    errors[name][k, repeat] = relative_l2(block[held_out], mean, view.sample_weights).mean()
        for name in views:
            errors[name][-1, repeat] = validation.errors[name]["relative_l2"][held_out].mean()
    return {name: LearningCurve.of(sizes, values, seed) for name, values in errors.items()}
