"""What POST /predict and POST /gradients of one surrogate take, as pydantic models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, create_model

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.field_form import FORM_KEYS
from fieldwright.serving.fields.quantity_requests import QuantityRequest, quantity_list
from fieldwright.serving.limits import MAX_TIMES
from fieldwright.serving.phrases import listed
from fieldwright.serving.schemas.number_lists import NumberLists, nested_schema, number_array
from fieldwright.serving.schemas.outside import ANSWER, Outside
from fieldwright.serving.schemas.parameters import ParameterSchema, class_name
from fieldwright.serving.schemas.reading import Number, RequestObject, Says, object_type
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.trajectory.between_times import checked_times
from fieldwright.surrogates.trajectory.history import History, checked_history

POINTWISE, SIMULTANEOUS = BANDS = ("pointwise", "simultaneous")
SAMPLES = (32, 64, 128, 256, 512, 1024)
"""Powers of two, for which Sobol points are even."""

Band = Annotated[
    Literal["pointwise", "simultaneous"],
    Says(f"'band' must be among {listed(BANDS)}"),
    Field(description="Whether each value by itself, or all values of a field together, are covered."),
]


class FieldsRequest(RequestObject):
    """The part of a question that predictions and gradients have in common."""

    parameters: Any
    fields: list[str]
    quantities: list[QuantityRequest] | None
    units: dict[str, str]


def gradients_request(description: Description, parameters: ParameterSchema) -> Any:
    """The annotated type of the body of POST /gradients."""
    absent = {
        "times": QueryError(
            "Gradients are answered at the times of the training",
            "'times'",
            "Leave it out, and choose among them",
        ),
        "band": QueryError("Gradients have no band", "'band'", "Leave it out"),
        "outside": QueryError(
            "Gradients are answered wherever they can be computed", "'outside'", "Leave it out"
        ),
        "history": QueryError("Gradients are answered from parameters alone", "'history'", "Leave it out"),
    }
    model = create_model("GradientsRequest", __base__=FieldsRequest, **_questions(description, parameters))
    return Annotated[model, _body_words(absent)]


def sensitivities_request(description: Description) -> Any:
    """The annotated type of the body of POST /sensitivities."""
    samples = Annotated[
        Literal[SAMPLES],
        Says(f"'samples' must be among {listed(map(str, SAMPLES))}"),
        Field(description="By which shares are estimated; so many times the parameters and 2 are computed."),
    ]
    keys: dict[str, Any] = {"quantities": (quantity_list(description), None), "samples": (samples, 256)}
    model = create_model("SensitivitiesRequest", __base__=RequestObject, **keys)
    return Annotated[model, _body_words({})]


def predict_request(description: Description, parameters: ParameterSchema) -> Any:
    """The annotated type of the body of POST /predict."""
    keys: dict[str, Any] = _questions(description, parameters) | {
        "band": (Band, POINTWISE),
        "outside": (Outside, ANSWER),
        **FORM_KEYS,
    }
    absent: dict[str, QueryError] = {}
    if not any(info.times for info in description.fields):
        absent["times"] = _error(checked_times, (0.0,), None, description.fields[0].name)
    else:
        keys["times"] = (_times_type(description) | None, None)
    if description.history:
        keys["history"] = (_history_type(description), ...)
    else:
        absent["history"] = _error(checked_history, description, History(np.empty(0), {}), 1)
    return Annotated[create_model("PredictRequest", __base__=FieldsRequest, **keys), _body_words(absent)]


def field_list(fields: Sequence[FieldInfo]) -> Any:
    """The annotated type of a list of names of fields."""
    names = tuple(info.name for info in fields)
    return Annotated[
        list[Annotated[Literal[names], Says("'fields' must name a field of the model")]],  # type: ignore[valid-type]
        Says("'fields' must be a list of names", f"Choose from {listed(names)}"),
        Field(description="Fields to answer in full."),
    ]


def _questions(description: Description, parameters: ParameterSchema) -> dict[str, Any]:
    return {
        # A model without parameters, which forecasts from a history alone, needs no 'parameters'.
        "parameters": (parameters.parameters, ... if parameters.names else {}),
        "fields": (field_list(description.fields), []),
        "quantities": (quantity_list(description), None),
        "units": (parameters.units, {}),
    }


def _body_words(absent: dict[str, QueryError]) -> Says:
    return Says(
        "The body must be a JSON object",
        'Send {"parameters": {"name": number, ...}}',
        keys="The body's keys",
        absent=absent,
    )


def _times_type(description: Description) -> Any:
    ranges = [(info.times[0], info.times[-1]) for info in description.fields if info.times]
    first, last = max(start for start, _ in ranges), min(end for _, end in ranges)
    return Annotated[
        list[Number],
        Says(
            "'times' must be a list of numbers",
            'Send "times": [0.5, 1.0]',
            most=f"One request may ask for at most {MAX_TIMES} times",
        ),
        Field(
            min_length=1,
            max_length=MAX_TIMES,
            description=f"Times to answer at, from {first:g} to {last:g}; between trained ones the answer is "
            "interpolated.",
            examples=[[first, last]],
            json_schema_extra={"items": {"type": "number", "minimum": first, "maximum": last}},
        ),
    ]


def _history_type(description: Description) -> Any:
    must = "'history' must hold its 'times', a list of numbers, and its 'fields', values by name"
    every = f"The history must hold {listed(info.name for info in description.fields)}"
    values = {info.name: _history_values(info, description.history) for info in description.fields}
    history = object_type(
        "History",
        {
            "times": Annotated[list[Number], Says(must, "Add both")],
            "fields": Annotated[
                object_type("HistoryFields", values),
                Says(must, "Add both", keys="The fields of 'history'", every=every),
            ],
        },
    )
    needed = _error(checked_history, description, None, 1)
    return Annotated[
        history,
        Says(
            f"{needed.must}, as an object of times and fields",
            'Send "history": {"times": [...], "fields": {"name": values}}',
            keys="The keys of 'history'",
        ),
        Field(
            description=f"The {description.history} measured first times of every field, by query, time, point and "
            "component; the axis of a single query may be left out."
        ),
    ]


def _history_values(info: FieldInfo, times: int) -> Any:
    must = (
        f"The history of '{info.name}' must be nested lists of numbers of equal lengths: queries, times, points, "
        "components"
    )
    one = nested_schema((times, info.n_points, len(info.components)))
    schema = {
        "anyOf": [one, {"type": "array", "items": one, "minItems": 1}],
        "title": class_name(info.name),
        "description": f"in {info.unit or 'no unit'}",
    }
    return Annotated[Any, NumberLists(schema, lambda values: number_array(values, must))]


def _error(check: Any, *arguments: Any) -> QueryError:
    """What a check raises."""
    try:
        check(*arguments)
    except QueryError as error:
        return error
    raise AssertionError(f"{check} accepts {arguments}")
