"""What POST /predict and POST /gradients of one surrogate take, as pydantic models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Annotated, Any, Literal, Union, get_args

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, GetJsonSchemaHandler, Tag, create_model
from pydantic_core import CoreSchema

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.field_form import FORM_KEYS
from fieldwright.serving.limits import MAX_QUANTITIES, MAX_TIMES
from fieldwright.serving.phrases import listed, nearest, quoted, unknown_key
from fieldwright.serving.schemas.number_lists import NumberLists, nested_schema, number_array
from fieldwright.serving.schemas.outside import ANSWER, Outside
from fieldwright.serving.schemas.parameters import ParameterSchema, class_name
from fieldwright.serving.schemas.reading import Number, RequestObject, Says, object_type
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.fields.quantities import Statistic, default_quantities, parsed_quantity
from fieldwright.surrogates.trajectory.between_times import checked_times
from fieldwright.surrogates.trajectory.history import History, checked_history

POINTWISE, SIMULTANEOUS = BANDS = ("pointwise", "simultaneous")
INTEGRAL, POINT = "integral", "point"
SAMPLES = (32, 64, 128, 256, 512, 1024)
"""Powers of two, for which Sobol points are even."""
QUANTITY_EXAMPLE = '{"what": "max", "field": "name"} or "max(name)"'

Band = Annotated[
    Literal["pointwise", "simultaneous"],
    Says(f"'band' must be among {listed(BANDS)}"),
    Field(description="Whether each value by itself, or all values of a field together, are covered."),
]


class QuantityRequest(RequestObject):
    """A number read off a field."""

    what: str
    field: str
    component: str | None = None
    at: list[float] | None = None


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
    keys: dict[str, Any] = {"quantities": (_quantities(description), None), "samples": (samples, 256)}
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
    steady = [info for info in description.fields if not info.times]
    if steady:
        absent["times"] = _error(checked_times, (0.0,), None, steady[0].name)
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
        "quantities": (_quantities(description), None),
        "units": (parameters.units, {}),
    }


def _quantities(description: Description) -> Any:
    """The annotated type of a list of quantities."""
    quantities = Annotated[
        list[_quantity_type(description.fields)],
        Field(max_length=MAX_QUANTITIES),
    ]
    return Annotated[
        quantities | None,
        Says(
            f"'quantities' must be a list of at most {MAX_QUANTITIES} objects or labels",
            f"Send such as [{QUANTITY_EXAMPLE}]",
        ),
        Field(description="Numbers read off fields; without it maximum, minimum and mean of every field."),
    ]


def _body_words(absent: dict[str, QueryError]) -> Says:
    return Says(
        "The body must be a JSON object",
        'Send {"parameters": {"name": number, ...}}',
        keys="The body's keys",
        absent=absent,
    )


def _quantity_type(fields: Sequence[FieldInfo]) -> Any:
    """The annotated type of a quantity: fields of like components have one type, and one for their points."""
    groups: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for info in fields:
        groups.setdefault((info.components, info.measure is not None), []).append(info.name)
    tags: dict[tuple[str, bool], str] = {}
    types: list[Any] = []
    for (components, measured), names in groups.items():
        for point in (False, True):
            tag = _type_name(components, point, {*tags.values()})
            tags |= {(name, point): tag for name in names}
            model = create_model(
                tag, __base__=QuantityRequest, **_quantity_keys(components, measured, names, point)
            )
            types.append(Annotated[model, Tag(tag)])

    def type_of(quantity: Any) -> str:
        if not isinstance(quantity, dict):
            return next(iter(tags.values()))
        for key in quantity:
            if key not in QuantityRequest.model_fields:
                raise unknown_key(key, [*QuantityRequest.model_fields], "A quantity's keys")
        name = quantity.get("field")
        if (tag := tags.get((str(name), quantity.get("what") == POINT))) is None:
            names = [info.name for info in fields]
            raise QueryError(
                "A quantity's 'field' must name a field of the model", quoted(name), nearest(name, names)
            )
        return tag

    def keys_of(quantity: Any) -> Any:
        if not isinstance(quantity, str):
            return quantity
        parsed = parsed_quantity(quantity, fields)
        keys = {"what": parsed.what, "field": parsed.field, "component": parsed.component}
        at = None if parsed.at is None else list(parsed.at)
        return {key: value for key, value in (keys | {"at": at}).items() if value is not None}

    return Annotated[
        Union[tuple(types)],  # noqa: UP007  # of a length that the description tells
        Discriminator(type_of),
        BeforeValidator(keys_of),
        _OrLabel(tuple(one.label for info in fields for one in default_quantities(info))),
        Says(
            "A quantity must be an object or a label",
            f"Send such as {QUANTITY_EXAMPLE}",
            keys="A quantity's keys",
        ),
    ]


@dataclass(frozen=True)
class _OrLabel:
    """Says in the JSON schema that a label, as the answers have it, may stand in place of the object."""

    labels: tuple[str, ...]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        label = {
            "type": "string",
            "enum": list(self.labels),
            "description": "The label of the quantity, as in answers. Integrals and points have labels too: "
            "integral(T), point(T, 0.1, 0.02).",
        }
        return {"anyOf": [handler(core_schema), label]}


def _type_name(components: tuple[str, ...], point: bool, names: set[str]) -> str:
    rank = "Scalar" if len(components) == 1 else "Vector" if len(components) < 4 else "Tensor"
    name = f"{rank}{'Point' if point else 'Quantity'}"
    return next(one for one in chain([name], (f"{name}{k}" for k in count(2))) if one not in names)


def _quantity_keys(
    components: tuple[str, ...], measured: bool, names: Sequence[str], point: bool
) -> dict[str, Any]:
    """The keys of quantities of fields that have these components."""
    statistics = tuple(
        statistic
        for statistic in get_args(Statistic)
        if statistic not in (POINT, *(() if measured else (INTEGRAL,)))
    )

    def measurable(statistic: Any) -> Any:
        if statistic == INTEGRAL and not measured:
            raise QueryError(
                f"An integral of {listed(names)} must have the areas or volumes that its values stand for",
                "a field of which every value counts alike",
                "Ask for the 'mean', which is that of all values, or train on runs with cells",
            )
        return statistic

    statistic_type = Annotated[
        Literal[(POINT,) if point else statistics],  # type: ignore[valid-type]
        BeforeValidator(measurable),
        Says(f"A quantity's 'what' must be among {listed((*statistics, POINT))}"),
        Field(
            description="Means and integrals are those of the length, area or volume, where the mesh tells it."
        ),
    ]
    field = Annotated[
        Literal[tuple(names)],  # type: ignore[valid-type]
        Says("A quantity's 'field' must name a field of the model"),
    ]
    choices = (*components, "magnitude") if len(components) in (2, 3) else components
    component = (
        (
            Annotated[
                None,
                Says(f"A quantity of {listed(names)} must name no component", "Leave out 'component'"),
            ],
            None,
        )
        if len(components) == 1
        else (
            Annotated[
                Literal[choices],  # type: ignore[valid-type]
                Says(f"A quantity of {listed(names)} must name one of its components {', '.join(choices)}"),
            ],
            ...,
        )
    )
    place = (
        (
            Annotated[
                list[Number],
                Says(
                    "A 'point' quantity must give its place by 'at', a list of coordinates in the unit of the mesh",
                    'Send such as "at": [0.1, 0.02]',
                ),
                Field(
                    min_length=2, max_length=3, description="Two coordinates on a planar mesh, else three."
                ),
            ],
            ...,
        )
        if point
        else (Annotated[None, Says("Only a 'point' quantity may have a place 'at'", "Leave it out")], None)
    )
    return {"what": (statistic_type, ...), "field": (field, ...), "component": component, "at": place}


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
