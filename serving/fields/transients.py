"""The times and the measured history of a request, and what is wrong with them in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.phrases import quoted, refuse_unknown
from fieldwright.surrogates.fields.description import Description
from fieldwright.surrogates.trajectory.between_times import checked_times
from fieldwright.surrogates.trajectory.history import History, checked_history


class TransientReader:
    """Reads the 'times' and the 'history' of a request to one surrogate."""

    def __init__(self, description: Description) -> None:
        self._description = description

    def times(self, times: Any) -> tuple[float, ...] | None:
        """The asked times, None for those of the training; raises QueryError."""
        if times is None:
            return None
        if not isinstance(times, list) or not all(_is_number(time) for time in times):
            raise QueryError("'times' must be a list of numbers", quoted(times), 'Send "times": [0.5, 1.0]')
        for info in self._description.fields:
            checked_times(times, info.times, info.name)
        return tuple(map(float, times))

    def history(self, history: Any, queries: int) -> History | None:
        """The measured first times of all queries; raises QueryError."""
        if history is None:
            checked_history(self._description, None, queries)
            return None
        if not isinstance(history, dict):
            raise QueryError(
                "'history' must be an object of times and fields",
                quoted(history),
                'Send "history": {"times": [...], "fields": {"name": values}}',
            )
        refuse_unknown(history, ("times", "fields"), "The keys of 'history'")
        times, fields = history.get("times"), history.get("fields")
        if (
            not isinstance(times, list)
            or not all(_is_number(time) for time in times)
            or not isinstance(fields, dict)
        ):
            raise QueryError(
                "'history' must hold its 'times', a list of numbers, and its 'fields', values by name",
                quoted(history),
                "Add both",
            )
        infos = {info.name: info for info in self._description.fields}
        refuse_unknown(fields, tuple(infos), "The fields of 'history'")
        arrays = {name: self._values(name, values, queries) for name, values in fields.items()}
        found = History(np.array(times, dtype=np.float64), arrays)
        checked_history(self._description, found, queries)
        return found

    def _values(self, name: str, values: Any, queries: int) -> np.ndarray:
        """(q, times, points, components) of nested lists; the axis of a single query may be left out."""
        try:
            array = np.array(values)
        except ValueError:
            array = np.empty(0, dtype=object)
        if array.dtype.kind not in "if":
            raise QueryError(
                f"The history of '{name}' must be nested lists of numbers of equal lengths: queries, times, points, "
                "components",
                "something else, or a gap (null)",
                "Give every value of every time as a number",
            )
        return array[None].astype(float) if queries == 1 and array.ndim == 3 else array.astype(float)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
