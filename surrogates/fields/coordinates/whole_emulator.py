"""The emulator of all runs: learned in coordinates, its modes then formed block by block of the points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.computing.scratch_array import release_pages, scratch_array
from fieldwright.data.store.field_values import FieldValues, field_values, point_blocks
from fieldwright.surrogates.fields.coordinates.models_at_points import ModelsAtPoints
from fieldwright.surrogates.fields.coordinates.reduced_field import ReducedField
from fieldwright.surrogates.fields.coordinates.training_field import TrainingViews
from fieldwright.surrogates.fields.emulator import Emulator
from fieldwright.surrogates.fields.field_model import FieldModel, column_weights
from fieldwright.surrogates.fields.per_field import check_without_forecast, fields_by_config
from fieldwright.surrogates.fields.preparation import Preparation
from fieldwright.surrogates.fields.training.training_data import check_transient
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.reductions.pod.inner_product import InnerProduct
from fieldwright.surrogates.reductions.pod.modes import LARGE
from fieldwright.surrogates.reductions.svd import SVDReduction
from fieldwright.surrogates.regressors import KindConfig
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime

BLOCK = 2**20
"""Values of a block of points, of all runs."""


def whole_emulator(
    config: KindConfig,
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    targets: Mapping[str, np.ndarray | FieldValues],
    views: Mapping[str, TrainingViews],
    weights: Mapping[str, np.ndarray],
    seed: int,
    history: int = 0,
    executor: Executor = IN_PROCESS,
) -> Emulator:
    """The emulator of all runs x (n, p), with its modes at all points; each field by its own settings.

    targets: field to (n, [t,] points, components). views: the same in coordinates. weights: field to (points,).
    Raises ModelError.
    """
    check_without_forecast(config, targets, history)
    parts = [
        _of_one_config(
            of_fields,
            reductions,
            x,
            {name: targets[name] for name in names},
            views,
            weights,
            seed,
            history,
            executor,
        )
        for of_fields, names in fields_by_config(config, targets)
    ]
    fields = {name: model for part in parts for name, model in part.fields.items()}
    branches = [branch for part in parts for branch in part.branches]
    return Emulator({name: fields[name] for name in targets}, branches)


def _of_one_config(
    config: KindConfig,
    reductions: Mapping[str, ReductionConfig],
    x: np.ndarray,
    targets: Mapping[str, np.ndarray | FieldValues],
    views: Mapping[str, TrainingViews],
    weights: Mapping[str, np.ndarray],
    seed: int,
    history: int,
    executor: Executor,
) -> Emulator:
    """The emulator of those fields alone that one config learns."""
    check_transient(config, x, targets, history)
    prepared = Preparation.of(
        config, {name: reductions[name] for name in targets}, x, {name: views[name] for name in targets}, seed
    )
    emulator = Emulator.of(config, prepared, seed, history)
    rows = np.arange(len(x))
    fields = {}
    for name, model in emulator.fields.items():
        coordinates = views[name].view(config.transient).in_coordinates
        reduced = ReducedField(model, prepared.latent[name], rows, prepared.x, coordinates)
        values = field_values(targets[name])
        fields[name] = at_all_points(reduced, values, weights.get(name), executor) if coordinates else model
    return Emulator(fields, emulator.branches)


def at_all_points(
    reduced: ReducedField, values: FieldValues, weights: np.ndarray | None, executor: Executor = IN_PROCESS
) -> FieldModel | TimeByTime:
    """The model of a field at all of its points; modes of large float32 fields are float32 (`pod.modes`).

    Many modes lie in a temporary file.

    weights: (points,) of the inner product of the reduction.
    """
    instant, by_time = reduced.instant, isinstance(reduced.model, TimeByTime)
    times = values.shape[1] if values.ndim == 4 and not by_time else 1
    points, components = values.shape[-2:]
    size = instant.rank * times * points * components
    single = values.dtype == np.float32 and size > LARGE
    room = scratch_array if size > LARGE else np.empty
    basis = room((instant.rank, times, points, components), np.float32 if single else np.float64)
    mean, lost = (np.empty((times, points, components)) for _ in range(2))
    shared = values.shared(executor)
    ranges = list(point_blocks(values, BLOCK))
    models = ModelsAtPoints.of([reduced], values.shape)
    pieces = executor.in_order(_modes_at, ((models, shared, start, stop) for start, stop in ranges))
    for (start, stop), (of_mean, of_basis, of_lost) in zip(ranges, pieces, strict=True):
        basis[:, :, start:stop], mean[:, start:stop], lost[:, start:stop] = of_basis, of_mean, of_lost
        release_pages(basis)
    shape = (times, points, components)
    like = np.broadcast_to(np.float64(0.0), (1, *shape))
    inner = InnerProduct.of(column_weights(weights, like), mean.size)
    reduction = cast(SVDReduction, instant.reduction)
    model = FieldModel(
        reduction.at_columns(mean.reshape(-1), basis.reshape(instant.rank, -1), inner),
        instant.scaler,
        lost.reshape(-1),
        shape,
        instant.round_off,
        affine=True,
        logarithmic=instant.logarithmic,
        scaling=instant.scaling,
    )
    return TimeByTime(model, values.shape[1]) if by_time else model


def _modes_at(
    models: ModelsAtPoints, values: FieldValues, start: int, stop: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (t, points, components), modes (r, t, points, components) and lost variance at the points start..stop."""
    (model,) = models.at_points(values.points(start, stop))
    instant = model.instant if isinstance(model, TimeByTime) else model
    reduction = cast(SVDReduction, instant.reduction)
    return (
        reduction.mean_.reshape(instant.shape),
        reduction.basis_.reshape(-1, *instant.shape),
        instant.truncation_variance.reshape(instant.shape),
    )
