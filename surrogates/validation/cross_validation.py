"""Cross-validation in which every fold trains everything anew: scaling, basis, hyperparameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.fields.training_data import check_runs, checked_weights
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.windows import Windows
from fieldwright.surrogates.validation import metrics


@dataclass(frozen=True, eq=False)
class OutOfFoldValues:
    """A quantity of every held-out run: predicted mean and std, and the true value, each (n, t)."""

    mean: np.ndarray
    std: np.ndarray
    true: np.ndarray


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Out-of-fold predictions of every run by models that were not trained on it, and their errors.

    mean, std: field to array of the targets' shape (n, [t,] points, components).
    errors: field to metric ("relative_l2", "fluctuation_l2") to (n,), one error per run.
    mean_errors: field to (n,), the relative L2 error of the mean of the training runs as a prediction of each run.
    r2: field to 1 - SSE/SST over all runs and values.
    quantities: maximum, minimum and mean of every component, and of the magnitude of vectors.
    fold: (n,) the fold in which each run was held out. place: (n,) where it lies; runs of a place share a fold.
    fit_seconds, predict_seconds: wall-clock time summed over the folds.
    weights: field to (points,) the weight of each point or cell; equal weights where a field has none.
    """

    mean: dict[str, np.ndarray]
    std: dict[str, np.ndarray]
    errors: dict[str, dict[str, np.ndarray]]
    mean_errors: dict[str, np.ndarray]
    r2: dict[str, float]
    quantities: dict[Functional, OutOfFoldValues]
    fold: np.ndarray
    place: np.ndarray
    fit_seconds: float
    predict_seconds: float
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)

    def field_summary(self, field: str) -> dict[str, float]:
        """Return "{metric}.{mean|median|max}" over the runs, and "r2", of one field."""
        flat = {
            f"{metric}.{name}": float(reduce(values))
            for metric, values in self.errors[field].items()
            for name, reduce in (("mean", np.mean), ("median", np.median), ("max", np.max))
        }
        return flat | {"r2": self.r2[field]}

    def summary(self) -> dict[str, float]:
        """Flat metrics for tracking: "{field}.{metric}.{mean|median|max}", "{field}.r2", the two times."""
        flat = {
            f"{field}.{name}": value
            for field in self.errors
            for name, value in self.field_summary(field).items()
        }
        return flat | {"fit_seconds": self.fit_seconds, "predict_seconds": self.predict_seconds}


def assign_folds(n: int, folds: int, seed: int, groups: np.ndarray | None = None) -> np.ndarray:
    """The fold (n,) of each run: runs, or groups of them, assigned in seeded random order.

    Raises ModelError unless 2 <= folds <= number of groups.
    """
    labels = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    n_groups = int(labels.max()) + 1
    if not 2 <= folds <= n_groups:
        raise ModelError(
            f"'folds' must be in 2..{n_groups} (the number of {'runs' if groups is None else 'groups'})",
            str(folds),
            "Change it in the study file, or accept more runs",
        )
    order = np.random.default_rng(seed).permutation(n_groups)
    fold_of_group = np.empty(n_groups, dtype=np.int64)
    fold_of_group[order] = np.arange(n_groups) % folds
    return fold_of_group[labels]


def folds_by_place(x: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold (n,) of each of the runs x (n, p); runs with equal parameters share a fold.

    With fewer places than folds there are as many folds as places. Raises ModelError unless 2 <= folds <= n and
    there are two places.
    """
    place = places(x)
    number = int(place.max()) + 1
    if number < 2:
        raise ModelError(
            "Runs must differ in their parameters, so that predictions for other runs can be evaluated",
            f"{len(x)} runs of the same parameters",
            "Add runs at other parameters",
        )
    return assign_folds(len(x), folds if folds > len(x) else min(folds, number), seed, place)


Chooser = Callable[[np.ndarray, int], KindConfig]
"""Chooses a candidate for a fold, given (n,) bool of the runs it holds out and its number, from all others."""


def cross_validate(
    config: KindConfig | Chooser,
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    targets: Mapping[str, np.ndarray],
    *,
    folds: int,
    seed: int,
    groups: np.ndarray | None = None,
    history: int = 0,
    windows: Windows | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CrossValidation:
    """Predicts each run by a model trained without its fold; equal seeds give equal folds.

    config: the candidate, or a function that chooses one for each fold from the other runs: nested selection.
    x: (n, p) parameters. targets: field to (n, [t,] points, components).
    groups: (n,) labels; runs of one label stay in one fold: those that share their parameters if None.
    history: number of first times of the held-out runs that kinds which continue a history are given; errors count
        the later times, for every kind. windows: of the rows, where they were cut from longer runs; training leaves
        out those that overlap with held-out ones. weights: field to (points,) the length, area or volume that each
        point or cell stands for (`data.mesh.measures`), used in errors, means and the reduction; equal where there
        are none. progress: called with (folds done, folds).
    Raises ModelError. Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 7.10.2.
    """
    check_runs(reductions, x, targets)
    weights = checked_weights(weights, targets)
    if windows is not None:
        alike = places(x) if x.shape[1] else None
        fold, place = windows.folds(folds, seed, alike), np.arange(len(x))
    elif groups is not None:
        fold, place = assign_folds(len(x), folds, seed, groups), np.unique(groups, return_inverse=True)[1]
    else:
        fold, place = folds_by_place(x, folds, seed), places(x)
    folds = int(fold.max()) + 1
    mean = {name: np.empty(values.shape, _floating(values)) for name, values in targets.items()}
    std = {name: np.empty_like(array) for name, array in mean.items()}
    errors = {name: {m: np.empty(len(x)) for m in ("relative_l2", "fluctuation_l2")} for name in targets}
    mean_errors = {name: np.empty(len(x)) for name in targets}
    numbers = {
        key: OutOfFoldValues(
            *(np.empty((len(x), values.shape[1] if values.ndim == 4 else 1)) for _ in range(3))
        )
        for name, values in targets.items()
        for key in functional.default_functionals(name, values.shape[-1])
    }
    fit_seconds = predict_seconds = 0.0
    for index in range(folds):
        held_out, training = np.flatnonzero(fold == index), np.flatnonzero(fold != index)
        training = (
            training
            if windows is None
            else windows.without_overlap(training, held_out, places(x) if x.shape[1] else None)
        )
        start = time.perf_counter()
        train = {name: values[training] for name, values in targets.items()}
        candidate = config if isinstance(config, KindConfig) else config(fold == index, index)
        emulator = Emulator.fit(
            candidate,
            carried_by(reductions, len(x), len(training)),
            x[training],
            train,
            seed,
            history,
            weights,
        )
        fitted = time.perf_counter()
        first = {name: values[held_out, :history] for name, values in targets.items()} if history else None
        for name, (z, sigma) in emulator.latent(x[held_out], history=first).items():
            model, true = emulator.fields[name].at(x[held_out]), targets[name][held_out]
            point_weights = weights.get(name)
            predicted = model.mean(z)
            mean[name][held_out] = predicted.reshape(true.shape)
            std[name][held_out] = model.std(z, sigma).reshape(true.shape)
            for key, number in numbers.items():
                if key.field == name:
                    selection = functional.selection_of(key, point_weights)
                    number.mean[held_out] = functional.value(key, predicted, selection)
                    number.std[held_out] = functional.std(key, model, predicted, z, sigma, selection)
                    number.true[held_out] = functional.value(
                        key, true.reshape(predicted.shape).astype(float), selection
                    )
            true_values, guess = true, predicted.reshape(true.shape)
            reference = train[name].mean(axis=0, dtype=np.float64)
            if history:
                true_values, guess, reference = (
                    true_values[:, history:],
                    guess[:, history:],
                    reference[history:],
                )
            errors[name]["relative_l2"][held_out] = metrics.relative_l2(true_values, guess, point_weights)
            errors[name]["fluctuation_l2"][held_out] = metrics.fluctuation_l2(
                true_values, guess, reference, point_weights
            )
            mean_errors[name][held_out] = metrics.relative_l2(
                true_values, np.broadcast_to(reference, true_values.shape), point_weights
            )
        fit_seconds += fitted - start
        predict_seconds += time.perf_counter() - fitted
        if progress is not None:
            progress(index + 1, folds)
    scores = {name: metrics.r2(values, mean[name], weights.get(name)) for name, values in targets.items()}
    return CrossValidation(
        mean, std, errors, mean_errors, scores, numbers, fold, place, fit_seconds, predict_seconds, weights
    )


def _floating(values: np.ndarray) -> np.dtype:
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
