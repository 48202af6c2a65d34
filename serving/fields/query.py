"""What a client asks a surrogate: a JSON document in, a query out, or one sentence why not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.field_form import WHOLE, FieldForm, field_form
from fieldwright.serving.fields.interface import (
    gradients_operation,
    histories_operation,
    mesh_operations,
    predict_operation,
    runs_operation,
    sensitivities_operation,
)
from fieldwright.serving.fields.requests import (
    SIMULTANEOUS,
    QuantityRequest,
    gradients_request,
    predict_request,
    sensitivities_request,
)
from fieldwright.serving.limits import MAX_FIELD_VALUES
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.serving.schemas.outside import REFUSE
from fieldwright.serving.schemas.parameters import ParameterSchema
from fieldwright.serving.schemas.reading import RequestReader
from fieldwright.surrogates.fields.description import Description
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities, functional_of
from fieldwright.surrogates.trajectory.between_times import checked_times
from fieldwright.surrogates.trajectory.history import History, checked_history


@dataclass(frozen=True, eq=False)
class Query:
    """x: (q, p) parameters in the order and units of the study; fields, quantities: what to answer.

    field_values: how many values of whole fields the answer holds per statistic.
    simultaneous: whether bands must cover whole fields together.
    times: those to answer transient fields at, None for the trained ones. history: the measured first times, to a
    forecasting model.
    refuse_outside: whether queries outside the domain are refused rather than answered. form: of whole fields.
    """

    x: np.ndarray
    fields: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    field_values: int
    simultaneous: bool = False
    times: tuple[float, ...] | None = None
    history: History | None = None
    refuse_outside: bool = False
    form: FieldForm = WHOLE


@dataclass(frozen=True)
class SensitivitiesQuery:
    """quantities: of which indices are wanted. samples: by which they are estimated."""

    quantities: tuple[Quantity, ...]
    samples: int


class QueryReader:
    """Reads the requests to one surrogate."""

    def __init__(self, description: Description, positive: Collection[str] = ()) -> None:
        self._description = description
        self._fields = {info.name: info for info in description.fields}
        self._transient = [info for info in description.fields if info.times]
        self._parameters = ParameterSchema(description.parameters, positive)
        self._predict: RequestReader[Any] = RequestReader(predict_request(description, self._parameters))
        self._gradients: RequestReader[Any] = RequestReader(gradients_request(description, self._parameters))
        self._sensitivities: RequestReader[Any] = RequestReader(sensitivities_request(description))
        self.default_quantities = tuple(
            quantity for info in description.fields for quantity in default_quantities(info)
        )
        """What is answered where a request names no quantities."""

    def interface(self) -> list[Operation]:
        """What the endpoint answers by the surrogate."""
        example: dict[str, Any] = {"parameters": self._parameters.example}
        operations = [predict_operation(self._predict.annotation, example)]
        if not self._description.history:
            operations.append(gradients_operation(self._gradients.annotation, example))
            operations.append(sensitivities_operation(self._sensitivities.annotation, {"samples": 64}))
        else:
            operations.append(histories_operation())
        return [*operations, *mesh_operations(self._description.fields), runs_operation()]

    def read(self, document: Any) -> Query:
        """The query in the decoded JSON document of a prediction; raises QueryError."""
        request = self._predict.read(document)
        x = self._parameters.array(request.parameters)
        times = request.times if self._transient else None
        if times is not None:
            for info in self._transient:
                checked_times(times, info.times, info.name)
        history = request.history if self._description.history else None
        return self._query(
            request,
            x,
            simultaneous=request.band == SIMULTANEOUS,
            refuse_outside=request.outside == REFUSE,
            form=field_form(request),
            times=None if times is None else tuple(times),
            history=None if history is None else self._history(history, len(x)),
        )

    def read_gradients(self, document: Any) -> Query:
        """The query in the decoded JSON document of a request for gradients; raises QueryError."""
        self._refuse_forecast("Gradients")
        request = self._gradients.read(document)
        return self._query(request, self._parameters.array(request.parameters))

    def read_sensitivities(self, document: Any) -> SensitivitiesQuery:
        """The question in the decoded JSON document of a request for sensitivities; raises QueryError."""
        self._refuse_forecast("Sensitivities")
        request = self._sensitivities.read(document)
        return SensitivitiesQuery(self._quantities(request.quantities), request.samples)

    def _refuse_forecast(self, subject: str) -> None:
        if self._description.history:
            raise QueryError(
                f"{subject} must be asked of a model that answers from its parameters alone",
                f"'{self._description.name}', which forecasts from a history",
                "Ask POST /predict",
            )

    def _query(
        self, request: Any, x: np.ndarray, times: tuple[float, ...] | None = None, **transient: Any
    ) -> Query:
        fields = tuple(dict.fromkeys(request.fields))
        values = len(x) * self._field_values(fields, times)
        if values > MAX_FIELD_VALUES:
            raise QueryError(
                f"One answer may hold at most {MAX_FIELD_VALUES} field values",
                f"{len(x)} queries for {values} values",
                "Ask for fewer queries or fields at a time, or for quantities instead of 'fields'",
            )
        return Query(x, fields, self._quantities(request.quantities), values, times=times, **transient)

    def _field_values(self, names: tuple[str, ...], times: tuple[float, ...] | None) -> int:
        """How many values the named fields hold for one query."""
        infos = [self._fields[name] for name in names]
        return sum(
            info.n_points * len(info.components) * (len(times or info.times) if info.times else 1)
            for info in infos
        )

    def _quantities(self, requests: list[QuantityRequest] | None) -> tuple[Quantity, ...]:
        if requests is None:
            return self.default_quantities
        quantities = tuple(dict.fromkeys(self._quantity(request) for request in requests))
        labels = [quantity.label for quantity in quantities]
        for label in labels:
            if labels.count(label) > 1:
                raise QueryError(
                    "Quantities must differ in the labels under which they are answered",
                    f"'{label}' twice, for places less than a millionth apart",
                    "Ask for them in two requests",
                )
        return quantities

    def _quantity(self, request: QuantityRequest) -> Quantity:
        place = None if request.at is None else tuple(request.at)
        quantity = Quantity(request.what, request.field, request.component, place)  # type: ignore[arg-type]
        functional_of(quantity, self._fields[request.field])
        return quantity

    def _history(self, history: dict[str, Any], queries: int) -> History:
        """The measured first times of all queries; the axis of a single query may be left out."""
        arrays = {
            name: values[None] if queries == 1 and values.ndim == 3 else values
            for name, values in history["fields"].items()
        }
        measured = History(np.array(history["times"], dtype=np.float64), arrays)
        checked_history(self._description, measured, queries)
        return measured
