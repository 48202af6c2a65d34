"""Checks of the training arrays of a surrogate, before anything is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.data.store.field_values import FieldValues
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.reductions import ReductionConfig
from fieldwright.surrogates.regressors import KindConfig

EVEN = 0.01
"""Largest difference of two steps, relative to the largest, of times that count as evenly spaced."""


def check_runs(
    reductions: Mapping[str, ReductionConfig], x: np.ndarray, targets: Mapping[str, np.ndarray]
) -> None:
    """Raises ModelError unless x and targets are finite and of equal length, with a reduction for each."""
    check_shapes(reductions, x, targets)
    for name, values in targets.items():
        if not np.isfinite(values).all():
            raise ModelError(
                "Training values must be finite",
                f"NaN or infinity in '{name}'",
                "Leave those runs out; the store rejects them by itself",
            )


def check_shapes(
    reductions: Mapping[str, ReductionConfig], x: np.ndarray, targets: Mapping[str, FieldValues | np.ndarray]
) -> None:
    """Raises ModelError unless x is finite and targets are of its length, with a reduction for each."""
    if x.ndim != 2 or len(x) < 2:
        raise ModelError(
            "The training parameters must be a table (n, p) of at least two runs",
            f"the shape {x.shape}",
            "Accept more runs, or forecast a single transient run by 'history' and 'horizon' in [time]",
        )
    if not targets or set(targets) != set(reductions):
        raise ModelError(
            "Every target field must have a reduction",
            f"targets {sorted(targets)} and reductions {sorted(reductions)}",
            "Name the same fields in both",
        )
    if not np.isfinite(x).all():
        raise ModelError(
            "Training values must be finite",
            "NaN or infinity in 'parameters'",
            "Leave those runs out; the store rejects them by itself",
        )
    for name, values in targets.items():
        if len(values) != len(x) or values.ndim not in (3, 4):
            raise ModelError(
                f"A field must have the shape ({len(x)}, [times,] points, components), a row for each run",
                f"{values.shape} for '{name}'",
                "Give one row per run and an axis of components, of length one for a scalar",
            )


def check_transient(config: KindConfig, x: np.ndarray, targets: Mapping[str, Any], history: int) -> None:
    """Raises ModelError unless the kind can learn these runs x (n, p) with `history` measured first times."""
    if history == 0 and x.shape[1] == 0:
        raise ModelError(
            "Runs without parameters can only be forecast, from a measured history",
            "no parameter and no history",
            "Name the parameters, or set 'history' and 'horizon' in [time]",
        )
    if x.shape[1] == 0 and config.transient != "rollout":
        raise ModelError(
            "Runs without parameters must be learned by a kind that rolls out: 'lstm', 'gru' or 'dmd'",
            f"'{getattr(config, 'kind', '')}'",
            "Change the candidate",
        )
    for name, values in targets.items():
        if history and (values.ndim != 4 or not 0 < history < values.shape[1]):
            times = values.shape[1] if values.ndim == 4 else 1
            raise ModelError(
                f"The history must be shorter than the {times} times of the field '{name}'",
                str(history),
                "Shorten it, or take in longer runs",
            )


def check_described(
    x: np.ndarray,
    targets: Mapping[str, np.ndarray | FieldValues],
    parameters: Sequence[ParameterInfo],
    fields: Sequence[FieldInfo],
    points: Mapping[str, np.ndarray],
    rolls: bool = False,
) -> None:
    """Raises ModelError unless the names, units, times and places describe x and the targets.

    rolls: whether the kind goes from step to step, which needs even steps.
    """
    if x.ndim != 2 or x.shape[1] != len(parameters):
        raise ModelError(
            f"There must be one parameter for each of the columns of x {x.shape}",
            f"{len(parameters)} parameters",
            "Name every parameter once",
        )
    infos = {info.name: info for info in fields}
    for name, values in targets.items():
        if name not in infos or name not in points:
            raise ModelError("Every target must be described and have points", f"'{name}' without", "Add it")
        info = infos[name]
        if rolls and info.times is not None:
            steps = np.diff(info.times)
            if np.ptp(steps) > EVEN * steps.max():
                raise ModelError(
                    "A kind that rolls out must learn evenly spaced times",
                    f"steps of {steps.min():g} to {steps.max():g} in '{name}'",
                    'Use transient = "trajectory" or "parameter" with another kind, or even the times out by '
                    'rule = "overlap"',
                )
        times = () if info.times is None else (len(info.times),)
        shape = (len(x), *times, info.n_points, len(info.components))
        if values.shape != shape or np.shape(points[name]) != (info.n_points, 3):
            raise ModelError(
                f"The field '{name}' must have the described shape {shape} and points ({info.n_points}, 3)",
                f"{values.shape} and {np.shape(points[name])}",
                "Correct the description or the arrays",
            )


def checked_weights(
    weights: Mapping[str, np.ndarray] | None, targets: Mapping[str, np.ndarray | FieldValues]
) -> dict[str, np.ndarray]:
    """Weights of fields as float64, where there are any; raises ModelError unless they fit the points.

    Parameters
    ----------
    weights : mapping of str to (points,), optional
        Length, area or volume of each point or cell of a field, >= 0.
    targets : mapping of str to (n, [t,] points, components)

    Returns
    -------
    dict of str to (points,)
    """
    checked = {name: np.asarray(one, dtype=np.float64) for name, one in (weights or {}).items()}
    for name, one in checked.items():
        points = targets[name].shape[-2] if name in targets else len(one)
        if one.shape != (points,) or not np.isfinite(one).all() or (one < 0).any() or not one.any():
            raise ModelError(
                f"The weights of the field '{name}' must be {points} finite numbers, not negative and not all 0",
                f"the shape {one.shape}, least value {one.min(initial=np.inf):g}",
                "Give the areas or volumes of its points or cells, or leave them out",
            )
    return checked
