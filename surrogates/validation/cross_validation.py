"""Cross-validation in which every fold trains everything anew: scaling, basis, hyperparameters."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError
from fieldwright.data.store.field_values import FieldValues, field_values
from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.coordinates.training_views import EVERY_VIEW, MEMORY, training_views_of
from fieldwright.surrogates.fields.functional import Functional
from fieldwright.surrogates.fields.physics_hints import PhysicsHints
from fieldwright.surrogates.fields.training.training_data import check_shapes, checked_weights
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.windows import Windows
from fieldwright.surrogates.validation.fold import Chooser, FoldSettings, evaluate_fold
from fieldwright.surrogates.validation.out_of_fold import FormedOnDemand, HeldOutRuns, OutOfFoldField
from fieldwright.surrogates.validation.scores import OutOfFoldValues, scores_of


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Out-of-fold predictions of every run by models that were not trained on it, and their errors.

    fields: field to its predictions, which are formed block by block as they are asked for.
    errors: field to metric ("relative_l2", "fluctuation_l2") to (n,), one error per run.
    mean_errors: field to (n,), the relative L2 error of the mean of the training runs as a prediction of each run.
    r2: field to 1 - SSE/SST over all runs and values.
    quantities: maximum, minimum and mean of every component, and of the magnitude of vectors.
    fold: (n,) the fold in which each run was held out. place: (n,) where it lies; runs of a place share a fold.
    fit_seconds, predict_seconds: wall-clock time summed over the folds.
    weights: field to (points,) the weight of each point or cell; equal weights where a field has none.
    configs: the candidate of each fold, which differ where it is chosen anew in each.
    """

    fields: dict[str, OutOfFoldField]
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

    @property
    def mean(self) -> Mapping[str, np.ndarray]:
        """Field to the mean of all runs (n, [t,] points, components), formed in memory each time it is asked for."""
        return FormedOnDemand(
            list(self.fields), lambda name: self.fields[name].runs(range(len(self.fold)))[1]
        )

    @property
    def std(self) -> Mapping[str, np.ndarray]:
        """Field to the std of all runs (n, [t,] points, components), likewise."""
        return FormedOnDemand(
            list(self.fields), lambda name: self.fields[name].runs(range(len(self.fold)))[2]
        )

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
    targets: Mapping[str, np.ndarray | FieldValues],
    *,
    folds: int,
    seed: int,
    groups: np.ndarray | None = None,
    history: int = 0,
    windows: Windows | None = None,
    weights: Mapping[str, np.ndarray] | None = None,
    progress: Callable[[int, int], None] | None = None,
    views: Mapping[str, TrainingViews] | None = None,
    memory: int = MEMORY,
    executor: Executor = IN_PROCESS,
) -> CrossValidation:
    """Predicts each run by a model trained without its fold; equal seeds give equal folds.

    config: the candidate, or a function that chooses one for each fold from the other runs: nested selection.
    x: (n, p) parameters. targets: field to (n, [t,] points, components), in memory or on a disk; what is made of them
        is formed block by block.
    groups: (n,) labels; runs of one label stay in one fold: those that share their parameters if None.
    history: number of first times of the held-out runs that kinds which continue a history are given; errors count
        the later times, for every kind. windows: of the rows, where they were cut from longer runs; training leaves
        out those that overlap with held-out ones. weights: field to (points,) the length, area or volume that each
        point or cell stands for (`data.mesh.measures`), used in errors, means and the reduction; equal where there
        are none. progress: called with (folds done, folds). views: the targets as `training_views_of` gives them,
        where several candidates share them. memory: bytes for fields that must be held themselves, likewise.
        executor: where folds are trained and evaluated; the result does not depend on it.
    Raises ModelError. Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 7.10.2.
    """
    values = {name: field_values(one) for name, one in targets.items()}
    check_shapes(reductions, x, values)
    weights = checked_weights(weights, values)
    if windows is not None:
        alike = places(x) if x.shape[1] else None
        fold, place = windows.folds(folds, seed, alike), np.arange(len(x))
    elif groups is not None:
        fold, place = assign_folds(len(x), folds, seed, groups), np.unique(groups, return_inverse=True)[1]
    else:
        fold, place = folds_by_place(x, folds, seed), places(x)
    folds = int(fold.max()) + 1
    shared = {name: one.shared(executor) for name, one in values.items()}
    if views is None:
        one = config if isinstance(config, KindConfig) else None
        views = training_views_of(
            x,
            shared,
            weights,
            reductions,
            EVERY_VIEW if one is None else (one.transient,),
            getattr(config, "hints", PhysicsHints()) if one is None or one.outputs != "raw" else None,
            memory=memory,
            executor=executor,
        )
    settings = FoldSettings(config, reductions, history, seed)
    fold_rows = [
        (settings, x, views, weights, *_rows_of_fold(fold == index, x, windows)) for index in range(folds)
    ]
    fit_seconds, predict_seconds, configs = 0.0, 0.0, []
    parts: dict[str, list[HeldOutRuns]] = {name: [] for name in values}
    for done, outcome in enumerate(executor.in_order(evaluate_fold, fold_rows), start=1):
        for name, part in outcome.fields.items():
            parts[name].append(part)
        fit_seconds += outcome.fit_seconds
        predict_seconds += outcome.predict_seconds
        configs.append(outcome.config)
        if progress is not None:
            progress(done, folds)
    fields = {name: OutOfFoldField.of(one, views[name], parts[name]) for name, one in values.items()}
    begin = time.perf_counter()
    scores = scores_of(
        {name: replace(one, values=shared[name]) for name, one in fields.items()}, weights, history, executor
    )
    return CrossValidation(
        fields,
        {name: one.errors for name, one in scores.items()},
        {name: one.mean_errors for name, one in scores.items()},
        {name: one.r2 for name, one in scores.items()},
        {key: number for one in scores.values() for key, number in one.quantities.items()},
        fold,
        place,
        fit_seconds,
        predict_seconds + time.perf_counter() - begin,
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
