"""Cross-validation in which every fold trains everything anew: scaling, basis, hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.fields.training_data import check_runs, checked_weights
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.windows import Windows
from fieldwright.surrogates.validation import metrics
from fieldwright.surrogates.validation.fold import (
    Chooser,
    FoldSettings,
    OutOfFoldValues,
    evaluate_fold,
    floating,
)


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
    configs: the candidate of each fold, which differ where it is chosen anew in each.
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
    configs: tuple[KindConfig, ...] = ()

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
    executor: Executor = IN_PROCESS,
) -> CrossValidation:
    """Predicts each run by a model trained without its fold; equal seeds give equal folds.

    config: the candidate, or a function that chooses one for each fold from the other runs: nested selection.
    x: (n, p) parameters. targets: field to (n, [t,] points, components).
    groups: (n,) labels; runs of one label stay in one fold: those that share their parameters if None.
    history: number of first times of the held-out runs that kinds which continue a history are given; errors count
        the later times, for every kind. windows: of the rows, where they were cut from longer runs; training leaves
        out those that overlap with held-out ones. weights: field to (points,) the length, area or volume that each
        point or cell stands for (`data.mesh.measures`), used in errors, means and the reduction; equal where there
        are none. progress: called with (folds done, folds). executor: where folds are trained; the result does not
        depend on it.
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
    mean = {name: np.empty(values.shape, floating(values)) for name, values in targets.items()}
    std = {name: np.empty_like(array) for name, array in mean.items()}
    errors = {name: {m: np.empty(len(x)) for m in ("relative_l2", "fluctuation_l2")} for name in targets}
    mean_errors = {name: np.empty(len(x)) for name in targets}
    quantities = {
        key: OutOfFoldValues(
            *(np.empty((len(x), values.shape[1] if values.ndim == 4 else 1)) for _ in range(3))
        )
        for name, values in targets.items()
        for key in functional.default_functionals(name, values.shape[-1])
    }
    shared = {name: executor.share(values) for name, values in targets.items()}
    shared_weights = {name: executor.share(values) for name, values in weights.items()}
    settings = FoldSettings(config, reductions, history, seed)
    fold_rows = [
        (settings, x, shared, shared_weights, *_rows_of_fold(fold == index, x, windows))
        for index in range(folds)
    ]
    fit_seconds, predict_seconds, configs = 0.0, 0.0, []
    for done, part in enumerate(executor.in_order(evaluate_fold, fold_rows), start=1):
        rows = part.held_out
        for name in targets:
            mean[name][rows], std[name][rows] = part.mean[name], part.std[name]
            for metric, values in part.errors[name].items():
                errors[name][metric][rows] = values
            mean_errors[name][rows] = part.mean_errors[name]
        for key, values in part.quantities.items():
            of_all = quantities[key]
            of_all.mean[rows], of_all.std[rows], of_all.true[rows] = values.mean, values.std, values.true
        fit_seconds, predict_seconds = fit_seconds + part.fit_seconds, predict_seconds + part.predict_seconds
        configs.append(part.config)
        if progress is not None:
            progress(done, folds)
    scores = {name: metrics.r2(values, mean[name], weights.get(name)) for name, values in targets.items()}
    return CrossValidation(
        mean,
        std,
        errors,
        mean_errors,
        scores,
        quantities,
        fold,
        place,
        fit_seconds,
        predict_seconds,
        weights,
        tuple(configs),
    )


def _rows_of_fold(
    inside: np.ndarray, x: np.ndarray, windows: Windows | None
) -> tuple[np.ndarray, np.ndarray]:
    """The rows held out and those to train on; `inside` (n,) says which rows are the fold's."""
    held_out, training = np.flatnonzero(inside), np.flatnonzero(~inside)
    if windows is not None:
        training = windows.without_overlap(training, held_out, places(x) if x.shape[1] else None)
    return held_out, training
