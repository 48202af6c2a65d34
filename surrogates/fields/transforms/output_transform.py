"""How a field is learned: as given, scaled by powers of the parameters, or its logarithm, chosen by left-out runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.surrogates.fields.coordinates.coordinates import LEAST_RATIO
from fieldwright.surrogates.fields.coordinates.models_at_points import ModelsAtPoints
from fieldwright.surrogates.fields.coordinates.reduced_field import ReducedField
from fieldwright.surrogates.fields.coordinates.training_field import TrainingField
from fieldwright.surrogates.fields.field_model import FieldModel, smallest_error
from fieldwright.surrogates.fields.physics_hints import FieldHint
from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.fields.transforms.input_transform import InputTransform
from fieldwright.surrogates.fields.truncation import predictable_rank
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.reductions.svd import SVDConfig
from fieldwright.surrogates.regression.leave_one_out import least_left_out, left_out_errors
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.validation.metrics import fluctuation_l2, norms, relative_l2

WIDEST = 1e-9
"""Relative projection error down to which modes are considered where a study gives no number of them."""
MOST_VALUES = 2**24
"""Values of the modes of a field, runs by points, above which those that nothing predicts are never among them: the
modes of all runs would take as much memory as the runs."""
MOST_COVARIANCES = 2**21
"""Values of the covariances of the runs for all modes, up to which all modes are affordable."""
LEAST_GAIN = 0.1
"""Share by which the logarithm must reduce the typical error to be chosen."""
LEAST_SCALING_GAIN = 0.25
"""Share by which powers of the parameters must reduce it, for each regression and relative to the fluctuation too."""


def fitted_field(
    config: KindConfig,
    reduction: ReductionConfig,
    x: np.ndarray,
    field: TrainingField,
    seed: int,
    name: str = "",
) -> tuple[FieldModel | TimeByTime, np.ndarray, InputTransform]:
    """The model of a field of n runs, its scaled latent (n, r) and the scales of x (n, p).

    A concentration or a turbulent quantity that spans decades is a sum of few modes only in its logarithm; a
    displacement under a load has one size for all loads and stiffnesses once it is divided by load / stiffness. All
    ways are compared by the median relative error of the fields that cheap regressions predict for left-out runs.
    name: of the field in the hints of the study.
    Raises ModelError for hints that the runs contradict.
    """
    hint = config.hints.fields.get(name, FieldHint())
    scaling_by_hint = FieldScaling.from_hint(hint, config.hints.parameters, x, name)
    fit = _Fit(config, reduction, x, field, seed)
    best = fit.with_(scaling_by_hint, logarithmic=False)
    if config.outputs == "raw":
        return best
    if hint.scale_by is None:
        scaling_by_powers = scaling_by_hint.with_powers(x, field.norms_about(scaling_by_hint.offset(x)))
        if scaling_by_powers.powers.any():
            scaled = fit.with_(scaling_by_powers, logarithmic=False)
            if (fit.errors(scaled) < (1.0 - LEAST_SCALING_GAIN) * fit.errors(best)).all():
                best = scaled
    low, high = field.range_of(scaling_by_hint, x)
    has_logarithm = field.logarithm is not None or not field.in_coordinates
    if has_logarithm and low > 0.0 and high >= LEAST_RATIO * low:
        logged = fit.with_(scaling_by_hint, logarithmic=True)
        (typical, largest), (before, largest_before) = fit.error(logged), fit.error(best)
        if typical < (1.0 - LEAST_GAIN) * before and largest < largest_before:
            best = logged
    return best


Fitted = tuple[FieldModel | TimeByTime, np.ndarray, InputTransform]


@dataclass(frozen=True, eq=False)
class _Fit:
    """One field, and the ways in which it can be learned."""

    config: KindConfig
    reduction: ReductionConfig
    x: np.ndarray
    field: TrainingField
    seed: int

    def with_(self, scaling: FieldScaling, logarithmic: bool) -> Fitted:
        """The field reduced after this scaling."""
        by_trajectory = self.config.transient == "trajectory"
        free = isinstance(self.reduction, SVDConfig) and self.reduction.free and by_trajectory
        widest = self.reduction.model_copy(update={"error": WIDEST}) if free else self.reduction
        model, latent = self._fitted(widest, scaling, logarithmic)
        sized = latent * model.shares
        transform = InputTransform.choose(self.x, sized, self.seed, self.config.inputs, self.config.hints)
        large = model.rank * self.field.columns > MOST_VALUES
        if self.config.modes == "affordable":
            large |= model.rank * len(self.x) ** 2 > MOST_COVARIANCES
        if free and model.rank > 1 and (large or self.config.modes == "predictable"):
            rank = predictable_rank(sized, least_left_out(transform(self.x), sized))
            if rank < model.rank:
                lower = self.reduction.model_copy(update={"rank": rank})
                model, latent = self._fitted(lower, scaling, logarithmic)
        return model, latent, transform

    def _fitted(
        self, reduction: ReductionConfig, scaling: FieldScaling, logarithmic: bool
    ) -> tuple[FieldModel | TimeByTime, np.ndarray]:
        field = self.field
        settings: dict[str, Any] = {"weights": field.weights}
        if not scaling.trivial:
            rounded = scaling.rounding(self.x, field.size, field.precision)
            settings |= {"scaling": scaling, "rounded": rounded}
        learn = FieldModel.fit if self.config.transient == "trajectory" else TimeByTime.fit
        if not field.in_coordinates:
            return learn(reduction, field.scaled(scaling, self.x), self.seed, logarithmic, **settings)
        if logarithmic:
            runs = field.logarithms(scaling, self.x)
            largest = float(np.abs(np.log(field.range_of(scaling, self.x))).max())
        else:
            runs, largest = field.scaled(scaling, self.x), max(map(abs, field.range_of(scaling, self.x)))
        coordinates = field.logarithm if logarithmic and field.logarithm is not None else field
        model, latent = learn(coordinates.reducible_by(reduction), runs, self.seed, **settings)
        instant = model.instant if isinstance(model, TimeByTime) else model
        # Coordinates are larger than the values that they stand for, and have no sign.
        instant.round_off = max(smallest_error(largest, field.precision), settings.get("rounded", 0.0))
        instant.logarithmic = logarithmic
        return model, latent

    def error(self, fitted: Fitted) -> tuple[float, float]:
        """Median relative and largest error of the fields of left-out runs, by the better regression.

        A logarithm gives small values the weight of large ones: the median may fall although a smooth field becomes
        curved, and then the largest error, taken after the exponential, rises.
        """
        model, latent, transform = fitted
        left_out = least_left_out(transform(self.x), latent * model.shares)
        true, weights = self.field.sample, self.field.sample_weights
        predicted = self._without(fitted, left_out)
        typical = np.median(relative_l2(true, predicted, weights))
        return float(typical), float(norms(true - predicted, weights).max())

    def errors(self, fitted: Fitted) -> np.ndarray:
        """(4,) medians of the relative L2 error and of the error over the field's fluctuation, by each regression.

        Dividing by powers gives small fields the weight of large ones: the first may fall while the second rises.
        """
        model, latent, transform = fitted
        true, weights = self.field.sample, self.field.sample_weights
        mean, medians = true.mean(axis=0, dtype=np.float64), []
        for left_out in left_out_errors(transform(self.x), latent * model.shares):
            predicted = self._without(fitted, left_out)
            medians.append(np.median(relative_l2(true, predicted, weights)))
            medians.append(np.median(fluctuation_l2(true, predicted, mean, weights)))
        return np.array(medians)

    def _without(self, fitted: Fitted, left_out: np.ndarray) -> np.ndarray:
        """The sample (n, ...) as predicted without its run; left_out: (n, r) errors of the sized coordinates."""
        model, latent, _ = fitted
        true = self.field.sample
        rows = np.arange(len(true))
        reduced = ReducedField(model, latent, rows, self.x, self.field.in_coordinates)
        (there,) = ModelsAtPoints.of([reduced], true.shape).at_points(
            true if true.ndim == 4 else true[:, None]
        )
        return there.at(self.x).mean(latent - left_out / model.shares).reshape(true.shape)
