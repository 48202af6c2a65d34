"""One fold of a cross-validation: a model trained without some runs, and its predictions for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.fields.coordinates.reduced_field import ReducedField
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.preparation import Preparation
from fieldwright.surrogates.fields.training.training_data import check_transient
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.validation.out_of_fold import HeldOutRuns

Chooser = Callable[[np.ndarray, Mapping[str, TrainingViews], Mapping[str, np.ndarray]], KindConfig]
"""Chooses a candidate for a fold from its training runs alone: x (n, p), targets, weights of the points."""


@dataclass(frozen=True, eq=False)
class FoldSettings:
    """What all folds share; see `cross_validate`."""

    config: KindConfig | Chooser
    reductions: Mapping[str, ReductionConfig]
    history: int
    seed: int


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """What one fold says of the runs that it holds out: field to what predicts it.

    config: of the model that was trained.
    """

    config: KindConfig
    fields: dict[str, HeldOutRuns]
    fit_seconds: float
    predict_seconds: float


def evaluate_fold(
    settings: FoldSettings,
    x: np.ndarray,
    targets: Mapping[str, TrainingViews],
    weights: Mapping[str, np.ndarray],
    held_out: np.ndarray,
    training: np.ndarray,
) -> FoldOutcome:
    """Trains on the rows `training` (k,) of x and targets, and predicts the rows `held_out` (h,)."""
    start = time.perf_counter()
    history, config = settings.history, settings.config
    train = {name: views[training] for name, views in targets.items()}
    candidate = config if isinstance(config, KindConfig) else config(x[training], train, weights)
    carried = carried_by(settings.reductions, len(x), len(training))
    check_transient(candidate, x, targets, history)
    prepared = Preparation.of(candidate, carried, x[training], train, settings.seed)
    emulator = Emulator.of(candidate, prepared, settings.seed, history)
    fitted = time.perf_counter()
    others = {name: views.view(candidate.transient)[held_out] for name, views in targets.items()}
    measured = emulator.measured(x[held_out], others) if emulator.history else None
    latent = emulator.latent(x[held_out], measured=measured)
    fields = {}
    for name, (z, sigma) in latent.items():
        reduced = ReducedField(
            emulator.fields[name],
            prepared.latent[name],
            training,
            prepared.x,
            others[name].in_coordinates,
        )
        fields[name] = HeldOutRuns(reduced, held_out, x[held_out], z, sigma)
    return FoldOutcome(candidate, fields, fitted - start, time.perf_counter() - fitted)


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
