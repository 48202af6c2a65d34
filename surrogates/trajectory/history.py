"""The measured first times that a forecast continues."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fieldwright.data.errors import QueryError

if TYPE_CHECKING:
    from fieldwright.surrogates.fields.description import Description

STEP_TOLERANCE = 1e-3
"""Allowed difference of a step from that of the training, in shares of it."""


@dataclass(frozen=True, eq=False)
class History:
    """Measured values at the first times of q queries.

    times: (h,) in the unit of the training times; only their steps matter, not where they begin.
    fields: name to (q, h, points, components).
    """

    times: np.ndarray
    fields: Mapping[str, np.ndarray]

    def of(self, queries: slice) -> History:
        """The history of some of the queries."""
        return History(self.times, {name: values[queries] for name, values in self.fields.items()})

    def repeated(self, queries: int) -> History:
        """That of one query for so many."""
        return History(
            self.times, {name: np.repeat(one, queries, axis=0) for name, one in self.fields.items()}
        )


def checked_history(
    description: Description, history: History | None, queries: int
) -> dict[str, np.ndarray] | None:
    """Return the values of each field, checked; raises QueryError where the history does not fit the model."""
    needed = description.history
    if history is None:
        if needed:
            raise QueryError(
                f"This model forecasts: 'history' must contain the first {needed} times of {_names(description)}",
                "none",
                "Add the measured values",
            )
        return None
    if not needed:
        raise QueryError(
            f"Only a model that was trained to forecast can use a 'history'; this one, '{description.kind}', "
            "answers from its parameters alone",
            "a history",
            "Leave it out, or set 'history' in [time] of the study and use the kind 'lstm', 'gru' or 'dmd'",
        )
    trained_times = np.asarray(description.fields[0].times)
    times = np.asarray(history.times, dtype=np.float64)
    if times.shape != (needed,):
        raise QueryError(
            f"The history must have {needed} times, as in the training",
            f"{len(times) if times.ndim == 1 else times.shape} times",
            "Measure longer"
            if times.ndim == 1 and len(times) < needed
            else f"Give the last {needed} of them",
        )
    off = np.abs(np.diff(times) - np.diff(trained_times[:needed]))
    even = off <= STEP_TOLERANCE * np.diff(trained_times).min()
    if not even.all():
        worst = int(np.argmin(even))
        raise QueryError(
            "The times of the history must follow each other without gaps by the step of the training, "
            f"{trained_times[worst + 1] - trained_times[worst]:g}",
            f"{times[worst]:g} and then {times[worst + 1]:g}",
            "Interpolate the measurement to the training's step, or measure anew",
        )
    if set(history.fields) != {info.name for info in description.fields}:
        raise QueryError(
            f"The history must hold {_names(description)}",
            ", ".join(map(str, history.fields)) or "no field",
            "Give these fields and no others",
        )
    checked = {}
    for info in description.fields:
        values = np.asarray(history.fields[info.name], dtype=np.float64)
        shape = (queries, needed, info.n_points, len(info.components))
        if values.shape != shape:
            raise QueryError(
                f"The history of '{info.name}' must have the shape {shape}: queries, times, points, components",
                f"{values.shape}",
                "Give every value of every time",
            )
        if not np.isfinite(values).all():
            place = int(np.argwhere(~np.isfinite(values))[0, 1])
            raise QueryError(
                f"The history of '{info.name}' must have no gaps",
                f"NaN or infinity at time {times[place]:g}",
                "Fill the gap, or measure anew",
            )
        checked[info.name] = values
    return checked


def _names(description: Description) -> str:
    return " and ".join(f"'{info.name}'" for info in description.fields)
