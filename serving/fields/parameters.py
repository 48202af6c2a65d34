"""The parameters of a request: named numbers, their units, and what is wrong with them in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.limits import MAX_QUERIES
from fieldwright.serving.phrases import listed, quoted, refuse_unknown
from fieldwright.surrogates.fields.description import ParameterInfo

# The same unit is written in several ways; only the spelling is evened out, nothing is ever converted.
SPELLING = str.maketrans({"²": "2", "³": "3", "⁻": "-", "·": "*", "µ": "u", "μ": "u", "^": "", " ": ""})


class ParameterReader:
    """Reads the 'parameters' and 'units' of a request to one surrogate."""

    def __init__(self, parameters: Sequence[ParameterInfo]) -> None:
        self.units = {parameter.name: parameter.unit for parameter in parameters}
        self.names = tuple(self.units)

    def read(self, parameters: Any, units: Any) -> np.ndarray:
        """x (q, p) float64 in the order and units of the study; raises QueryError.

        parameters: {"name": number}, or a list of such; a number may be {"value": number, "unit": "..."}.
        units: {"name": "unit", ...}, for those that the client wishes to state.
        """
        self._check_units(units)
        # A model without parameters, which forecasts from a history alone, need not be told so.
        parameters = {} if parameters is None and not self.names else parameters
        rows = parameters if isinstance(parameters, list) else [parameters]
        if not rows or not all(isinstance(row, dict) for row in rows):
            raise QueryError(
                "'parameters' must be an object of named numbers, or a list of one or more such objects",
                "nothing" if parameters is None else quoted(parameters),
                f"Name {listed(self.names)}",
            )
        if len(rows) > MAX_QUERIES:
            raise QueryError(
                f"One request may hold at most {MAX_QUERIES} queries",
                str(len(rows)),
                "Send them in several requests",
            )
        x = np.array([self._row(row) for row in rows], dtype=np.float64)
        if not np.isfinite(x).all():
            row, column = np.argwhere(~np.isfinite(x))[0]
            raise QueryError(
                f"Parameter '{self.names[column]}' must be finite",
                str(x[row, column]),
                "Send a finite number",
            )
        return x

    def _row(self, row: dict[str, Any]) -> list[float]:
        if row.keys() != self.units.keys():
            refuse_unknown(row, self.names, "The names in 'parameters'")
            missing = listed(name for name in self.names if name not in row)
            raise QueryError(
                f"'parameters' must name all of {listed(self.names)}", f"none for {missing}", f"Add {missing}"
            )
        values = [row[name] for name in self.names]
        # Nearly always; a batch of thousands should not be looked at number by number.
        if set(map(type, values)) == {float}:
            return values
        return [self._number(name, value) for name, value in zip(self.names, values, strict=True)]

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, dict):
            refuse_unknown(value, ("value", "unit"), f"The keys of parameter '{name}'")
            if "unit" in value:
                self._check_unit(name, value["unit"])
            value = value.get("value")
        # A bool is an int to Python, but no number that anyone means.
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise QueryError(
                f"Parameter '{name}' must be a number in {_in_words(self.units[name])}",
                quoted(value),
                "Send a JSON number without quotes",
            )
        return float(value)

    def _check_units(self, units: Any) -> None:
        if not isinstance(units, dict):
            raise QueryError(
                "'units' must be an object from parameter to unit",
                quoted(units),
                'Send "units": {"name": "unit"}, or leave it out',
            )
        refuse_unknown(units, self.names, "The names in 'units'")
        for name, unit in units.items():
            self._check_unit(name, unit)

    def _check_unit(self, name: str, unit: Any) -> None:
        expected = self.units[name]
        if not isinstance(unit, str) or _spelt(unit) != _spelt(expected):
            raise QueryError(
                f"Parameter '{name}' must be given in {_in_words(expected)}, its unit in the study",
                quoted(unit),
                "Convert the value yourself: nothing is converted silently",
            )


def _spelt(unit: str) -> str:
    return unit.translate(SPELLING).replace("**", "")


def _in_words(unit: str) -> str:
    return f"'{unit}'" if unit else "'' (no unit)"
