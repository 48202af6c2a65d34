"""What a client asks: a JSON document in, parameters, fields and quantities out, or one sentence why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.outputs import OutputReader
from fieldwright.serving.fields.parameters import ParameterReader
from fieldwright.serving.fields.transients import TransientReader
from fieldwright.serving.limits import MAX_FIELD_VALUES
from fieldwright.serving.phrases import listed, nearest, quoted, refuse_unknown
from fieldwright.surrogates.fields.description import Description
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.trajectory.history import History

KEYS = ("parameters", "fields", "quantities", "units", "band", "times", "history")
BANDS = ("pointwise", "simultaneous")


@dataclass(frozen=True, eq=False)
class Query:
    """x: (q, p) parameters in the order and units of the study; fields, quantities: what to answer.

    field_values: how many values of whole fields the answer holds per statistic.
    simultaneous: whether bands must cover whole fields together.
    times: those to answer at, None for the trained ones. history: the measured first times, to a forecasting model.
    """

    x: np.ndarray
    fields: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    field_values: int
    simultaneous: bool = False
    times: tuple[float, ...] | None = None
    history: History | None = None


class QueryReader:
    """Reads the requests to one surrogate."""

    def __init__(self, description: Description) -> None:
        self._parameters = ParameterReader(description.parameters)
        self._outputs = OutputReader(description)
        self._transients = TransientReader(description)

    @property
    def default_quantities(self) -> tuple[Quantity, ...]:
        """What is answered where a request names no quantities."""
        return self._outputs.default

    def read(self, document: Any) -> Query:
        """The query in a decoded JSON document; raises QueryError."""
        if not isinstance(document, dict):
            raise QueryError(
                "The body must be a JSON object",
                quoted(document),
                'Send {"parameters": {"name": number, ...}}',
            )
        refuse_unknown(document, KEYS, "The body's keys")
        x = self._parameters.read(document.get("parameters"), document.get("units", {}))
        fields = self._outputs.fields(document.get("fields", []))
        values = len(x) * self._outputs.values(fields)
        if values > MAX_FIELD_VALUES:
            raise QueryError(
                f"One answer may hold at most {MAX_FIELD_VALUES} field values",
                f"{len(x)} queries for {values} values",
                "Ask for fewer queries or fields at a time, or for quantities instead of 'fields'",
            )
        quantities = self._outputs.quantities(document.get("quantities"))
        times = self._transients.times(document.get("times"))
        history = self._transients.history(document.get("history"), len(x))
        band = is_simultaneous(document.get("band", BANDS[0]))
        return Query(x, fields, quantities, values, band, times, history)


def is_simultaneous(band: Any) -> bool:
    """Whether 'band' asks for whole fields together; raises QueryError where it is neither."""
    if band not in BANDS:
        raise QueryError(f"'band' must be among {listed(BANDS)}", quoted(band), nearest(band, BANDS))
    return band == BANDS[1]
