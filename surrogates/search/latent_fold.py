"""One fold of a cross-validation, reduced to what evaluating a candidate needs: small enough to send to a worker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.fields.coordinates.models_at_points import ModelsAtPoints
from fieldwright.surrogates.fields.coordinates.reduced_field import ReducedField
from fieldwright.surrogates.fields.coordinates.training_field import (
    TrainingField,
    TrainingViews,
    training_fields,
)
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.preparation import Preparation, view
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.validation import metrics


@dataclass(frozen=True, eq=False)
class AffineEvaluator:
    """The error of predicted coordinates of a field that is affine in them, without the field.

    |f - origin - z M|^2 = (z - z*) G (z - z*)^T + |f - origin - z* M|^2 with G = M W M^T, W the weights of the
    points, and z* the best coordinates of f; all norms are those of W, of the field as it was scaled for reduction.

    gram: (r, r). best: (h, r) z* of the held-out runs. lost: (h,) the last term. size: (h,) norms to divide by, of
    the scaled field. shares: (r,) root of the share of each coordinate in the latent variance. varies: whether the
    runs differ by more than rounding.
    """

    gram: np.ndarray
    best: np.ndarray
    lost: np.ndarray
    size: np.ndarray
    shares: np.ndarray
    varies: bool

    @property
    def rank(self) -> int:
        """Number r of coordinates."""
        return len(self.gram)

    def errors(self, z: np.ndarray) -> np.ndarray:
        """Relative errors (h,) of the coordinates z (h, r)."""
        change = z - self.best
        square = np.einsum("hr,rs,hs->h", change, self.gram, change) + self.lost
        return metrics.relative(np.sqrt(square.clip(0.0)), self.size)


@dataclass(frozen=True, eq=False)
class DecodingEvaluator:
    """The error of a field that is not affine in its coordinates, by decoding them.

    x: (h, p) of the held-out runs. true: (h, [t,] points, components) their fields. size: (h,) norms to divide by.
    weights: (points,) of the norms.
    """

    model: FieldModel | TimeByTime
    x: np.ndarray
    true: np.ndarray
    size: np.ndarray
    weights: np.ndarray | None = None

    @property
    def rank(self) -> int:
        """Number r of coordinates."""
        return self.model.rank

    def errors(self, z: np.ndarray) -> np.ndarray:
        """Relative errors (h,) of the coordinates z (h, r)."""
        predicted = self.model.at(self.x).mean(z).reshape(self.true.shape)
        return metrics.relative(metrics.norms(predicted - self.true, self.weights), self.size)


def evaluator_of(
    reduced: ReducedField, x: np.ndarray, others: TrainingField, train: TrainingField, metric: str
) -> AffineEvaluator | DecodingEvaluator:
    """The evaluator for held-out runs `others` at x (h, p) of a field reduced by the runs `train`.

    What must be decoded is compared at the points of the sample.
    """
    model, about_mean = reduced.model, metric == "fluctuation_l2"
    bounded = model.scaling is not None and model.scaling.bounded
    if not isinstance(model, FieldModel) or not model.affine or model.logarithmic or bounded:
        true, sample = others.sample, train.sample
        reference = sample.mean(axis=0, dtype=np.float64) if about_mean else np.zeros(1)
        size = _sizes(metrics.norms(true - reference, others.sample_weights), true)
        (there,) = ModelsAtPoints.of([reduced], sample.shape).at_points(
            sample if sample.ndim == 4 else sample[:, None]
        )
        return DecodingEvaluator(there, x, true, size, others.sample_weights)
    true, weights = others.values, others.weights
    reference = train.values.mean(axis=0, dtype=np.float64) if about_mean else np.zeros(1)
    size = _sizes(metrics.norms(true - reference, weights), true)
    flat = true.reshape(len(true), -1)
    if model.scaling is not None:
        flat = others.scaled(model.scaling, x).reshape(len(true), -1)
        size = size / model.scaling.factor(x)
    modes, residual = model.modes, flat - model.origin
    if weights is not None:
        times, components = model.shape[0], model.shape[2]
        root = np.tile(np.repeat(np.sqrt(weights), components), times)
        modes, residual = modes * root, residual * root
    gram = modes @ modes.T
    best = residual @ modes.T @ np.linalg.pinv(gram, hermitian=True)
    lost = np.sum((residual - best @ modes) ** 2, axis=1)
    return AffineEvaluator(gram, best, lost, size, model.shares, model.varies)


def _sizes(norms: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(h,) to divide errors by: of fields (h, [t,] points, components) their norms, of single numbers one for all."""
    return norms if true.size > len(true) else np.full(len(true), np.sqrt(np.mean(norms**2)))


@dataclass(frozen=True, eq=False)
class LatentFold:
    """Training runs, prepared for every view of the candidates, and held-out runs to evaluate them by.

    held_out: (h,) indices of the held-out runs. x_held_out: (h, p). views: `view(config)` to its runs.
    evaluators: `view(config)` to field to its evaluator, which replaces the field model where that is not needed.
    """

    held_out: np.ndarray
    x_held_out: np.ndarray
    views: Mapping[str, Preparation]
    evaluators: Mapping[str, Mapping[str, AffineEvaluator | DecodingEvaluator]]

    @classmethod
    def of(
        cls,
        configs: Iterable[KindConfig],
        reductions: Mapping[str, ReductionConfig],
        x: np.ndarray,
        targets: Mapping[str, Any],
        held_out: np.ndarray,
        metric: str,
        seed: int,
        weights: Mapping[str, np.ndarray] | None = None,
    ) -> Self:
        """Prepare the fold that holds out the runs `held_out` (n,) bool, once for each view of the configs.

        targets: field to values (n, [t,] points, components), or to its `TrainingViews`. weights: field to (points,)
        of values.
        """
        views, evaluators = {}, {}
        for config in configs:
            key = view(config)
            if key in views:
                continue
            fields_of_view = training_fields(targets, weights, config.transient)
            train = {name: field[~held_out] for name, field in fields_of_view.items()}
            others = {name: field[held_out] for name, field in fields_of_view.items()}
            prepared = Preparation.of(config, reductions, x[~held_out], train, seed)
            rows = np.arange(len(prepared.x))
            evaluators[key] = {
                name: evaluator_of(
                    ReducedField(model, prepared.latent[name], rows, prepared.x, train[name].in_coordinates),
                    x[held_out],
                    others[name],
                    train[name],
                    metric,
                )
                for name, model in prepared.fields.items()
            }
            fields: dict[str, Any] = {
                name: evaluators[key][name] if isinstance(evaluators[key][name], AffineEvaluator) else model
                for name, model in prepared.fields.items()
            }
            views[key] = replace(prepared, fields=fields)
        return cls(np.flatnonzero(held_out), x[held_out].astype(np.float64), views, evaluators)

    def errors(self, config: KindConfig, seed: int) -> np.ndarray:
        """Train the candidate and return its errors (h,) of the held-out runs, the mean over the fields."""
        key = view(config)
        latent = Emulator.of(config, self.views[key], seed).latent(self.x_held_out)
        return np.mean([self.evaluators[key][name].errors(z) for name, (z, _) in latent.items()], axis=0)


def prepared_fold(
    configs: tuple[KindConfig, ...],
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    targets: Mapping[str, TrainingViews],
    held_out: np.ndarray,
    metric: str,
    seed: int,
) -> LatentFold:
    """The fold that holds out the rows `held_out` (h,)."""
    inside = np.zeros(len(x), dtype=bool)
    inside[held_out] = True
    return LatentFold.of(configs, reductions, x, targets, inside, metric, seed)
