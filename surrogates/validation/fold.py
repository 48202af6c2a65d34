"""One fold of a cross-validation: a model trained without some runs, its predictions for them, and their errors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from fieldwright.data.computing.shared_array import SharedArray, array_of
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.validation import metrics

Arrays = Mapping[str, np.ndarray]
Chooser = Callable[[np.ndarray, Arrays, Arrays], KindConfig]
"""Chooses a candidate for a fold from its training runs alone: x (n, p), targets, weights of the points."""


@dataclass(frozen=True, eq=False)
class OutOfFoldValues:
    """A quantity of every held-out run: predicted mean and std, and the true value, each (n, t)."""

    mean: np.ndarray
    std: np.ndarray
    true: np.ndarray


@dataclass(frozen=True, eq=False)
class FoldSettings:
    """What all folds share; see `cross_validate`."""

    config: KindConfig | Chooser
    reductions: Mapping[str, ReductionConfig]
    history: int
    seed: int


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """What one fold says of the runs that it holds out, as the parts of a `CrossValidation`.

    config: of the model that was trained.
    """

    held_out: np.ndarray
    config: KindConfig
    mean: dict[str, np.ndarray]
    std: dict[str, np.ndarray]
    errors: dict[str, dict[str, np.ndarray]]
    mean_errors: dict[str, np.ndarray]
    quantities: dict[Functional, OutOfFoldValues]
    fit_seconds: float
    predict_seconds: float


def evaluate_fold(
    settings: FoldSettings,
    x: np.ndarray,
    targets: Mapping[str, np.ndarray | SharedArray],
    weights: Mapping[str, np.ndarray | SharedArray],
    held_out: np.ndarray,
    training: np.ndarray,
) -> FoldOutcome:
    """Trains on the rows `training` (k,) of x and targets, and predicts the rows `held_out` (h,)."""
    start = time.perf_counter()
    history, config = settings.history, settings.config
    arrays = {name: array_of(values) for name, values in targets.items()}
    of_points = {name: array_of(values) for name, values in weights.items()}
    train = {name: values[training] for name, values in arrays.items()}
    candidate = config if isinstance(config, KindConfig) else config(x[training], train, of_points)
    carried = carried_by(settings.reductions, len(x), len(training))
    emulator = Emulator.fit(candidate, carried, x[training], train, settings.seed, history, of_points)
    fitted = time.perf_counter()
    result = FoldOutcome(held_out, candidate, {}, {}, {}, {}, {}, fitted - start, 0.0)
    first = {name: values[held_out, :history] for name, values in arrays.items()} if history else None
    for name, (z, sigma) in emulator.latent(x[held_out], history=first).items():
        model, true = emulator.fields[name].at(x[held_out]), arrays[name][held_out]
        point_weights = of_points.get(name)
        predicted = model.mean(z)
        guess = predicted.reshape(true.shape)
        result.mean[name] = guess.astype(floating(true))
        result.std[name] = model.std(z, sigma).reshape(true.shape).astype(floating(true))
        for key in functional.default_functionals(name, true.shape[-1]):
            selection = functional.selection_of(key, point_weights)
            result.quantities[key] = OutOfFoldValues(
                functional.value(key, predicted, selection),
                functional.std(key, model, predicted, z, sigma, selection),
                functional.value(key, true.reshape(predicted.shape).astype(float), selection),
            )
        reference = train[name].mean(axis=0, dtype=np.float64)
        if history:
            true, guess, reference = true[:, history:], guess[:, history:], reference[history:]
        result.errors[name] = {
            "relative_l2": metrics.relative_l2(true, guess, point_weights),
            "fluctuation_l2": metrics.fluctuation_l2(true, guess, reference, point_weights),
        }
        result.mean_errors[name] = metrics.relative_l2(
            true, np.broadcast_to(reference, true.shape), point_weights
        )
    return replace(result, predict_seconds=time.perf_counter() - fitted)


def floating(values: np.ndarray) -> np.dtype:
    """The type of predictions of these values: float32 or float64."""
    return np.dtype(np.float32 if values.dtype == np.float32 else np.float64)


def carried_by(
    reductions: Mapping[str, ReductionConfig], n: int, training: int
) -> dict[str, ReductionConfig]:
    """The reductions, with their rank limited to the number of training runs of a fold where all n allow it."""
    carried = {}
    for name, config in reductions.items():
        rank = getattr(config, "rank", None)
        lowered = isinstance(rank, int) and training < rank <= n
        carried[name] = config.model_copy(update={"rank": training}) if lowered else config
    return carried
