"""All fields of a study as candidates learn them: in coordinates where that is possible, else their values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import ModelError
from fieldwright.data.store.field_values import ArrayValues, FieldValues
from fieldwright.surrogates.fields.coordinates.coordinates import (
    MOST_ROWS,
    coordinates_of,
    with_logarithm,
)
from fieldwright.surrogates.fields.coordinates.training_field import TrainingField, TrainingViews
from fieldwright.surrogates.fields.physics_hints import FieldHint, PhysicsHints
from fieldwright.surrogates.fields.transforms.field_scaling import FieldScaling
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.reductions.svd import SVDConfig

MEMORY = 2 << 30
"""Bytes for fields that must be held in memory themselves, where nothing else is said."""
HELD = 12
"""Bytes that learning from values themselves takes for each byte of them."""
EVERY_VIEW = ("trajectory", "rollout")
"""Settings of `transient` that need all views of the runs."""


def training_views_of(
    x: np.ndarray,
    values: Mapping[str, FieldValues],
    weights: Mapping[str, np.ndarray],
    reductions: Mapping[str, ReductionConfig],
    transients: Collection[str],
    hints: PhysicsHints | None,
    *,
    memory: int = MEMORY,
    executor: Executor = IN_PROCESS,
) -> dict[str, TrainingViews]:
    """Field to what candidates learn of it; raises ModelError where values are not finite or too many.

    Fields whose reduction is linear are learned in coordinates where these are smaller; others are held as they are.

    Parameters
    ----------
    x : (n, p) parameters.
    values, weights, reductions : by field; see `cross_validate`.
    transients : settings of `transient` of the candidates.
    hints : of the candidates; None where no logarithm is to be tried.
    memory : bytes that values which must be held may take, with all that is made of them.
    executor : where sums over points are formed; they do not depend on it.
    """
    views = {}
    for name, field in values.items():
        reference = None
        if hints is not None:
            hint = hints.fields.get(name, FieldHint())
            reference = FieldScaling.from_hint(hint, hints.parameters, x, name).offset(x)
        views[name] = _views(
            field,
            weights.get(name),
            reductions[name],
            transients,
            reference,
            name=name,
            memory=memory,
            executor=executor,
        )
    return views


def _views(
    source: FieldValues,
    weights: np.ndarray | None,
    reduction: ReductionConfig,
    transients: Collection[str],
    reference: np.ndarray | None,
    *,
    name: str,
    memory: int,
    executor: Executor = IN_PROCESS,
) -> TrainingViews:
    times_too = source.ndim == 4 and any(one != "trajectory" for one in transients)
    views: list[TrainingField | None] = [None, None]
    if isinstance(reduction, SVDConfig):
        for by_time in (False, True)[: 1 + times_too]:
            view = coordinates_of(source, weights, by_time=by_time, name=name, executor=executor)
            if view is not None and reference is not None:
                view = with_logarithm(
                    view,
                    source,
                    reference,
                    weights,
                    by_time=by_time,
                    executor=executor,
                )
            views[by_time] = view
    if views[0] is None or (times_too and views[1] is None):
        full = TrainingField.of_values(_in_memory(source, reduction, memory, times_too), weights)
        views = [view or full for view in views]
    assert views[0] is not None
    return TrainingViews(source.shape, views[0], views[1] if times_too else None)


def _in_memory(values: FieldValues, reduction: ReductionConfig, memory: int, times_too: bool) -> np.ndarray:
    size = int(np.prod(values.shape)) * values.dtype.itemsize
    if not isinstance(values, ArrayValues) and HELD * size > memory:
        if isinstance(reduction, SVDConfig):
            snapshots = len(values) * (values.shape[1] if times_too and values.ndim == 4 else 1)
            raise ModelError(
                f"A field of more than {MOST_ROWS} snapshots, or of fewer values in a snapshot than there are of "
                f"them, is held in memory, with {HELD} times its size to work in",
                f"{snapshots} snapshots, {size >> 20} MB of values, {memory >> 20} MB of memory",
                "Raise 'memory' in [compute], or take fewer runs"
                + (', fewer times or `transient = "trajectory"`' if times_too else ""),
            )
        raise ModelError(
            f"A field whose reduction is not linear is held in memory, with {HELD} times its size to work in",
            f"{size >> 20} MB of values, {memory >> 20} MB of memory",
            "Raise 'memory' in [compute], or use `reduction = { kind = \"svd\" }`",
        )
    return values[slice(None)]
