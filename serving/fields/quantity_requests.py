"""What a quantity may be in a request to one surrogate, as pydantic models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Annotated, Any, Literal, Union, get_args

from pydantic import BeforeValidator, Discriminator, Field, GetJsonSchemaHandler, Tag, create_model
from pydantic_core import CoreSchema

from fieldwright.data.errors import QueryError
from fieldwright.serving.limits import MAX_QUANTITIES
from fieldwright.serving.phrases import listed, nearest, quoted, unknown_key
from fieldwright.serving.schemas.reading import Number, RequestObject, Says
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.fields.quantities import Statistic, default_quantities, parsed_quantity

INTEGRAL: Statistic = "integral"
POINT: Statistic = "point"
VALUE: Statistic = "value"
QUANTITY_EXAMPLE = '{"what": "max", "field": "name"} or "max(name)"'


class QuantityRequest(RequestObject):
    """A number read off a field."""

    what: str
    field: str
    component: str | None = None
    at: list[float] | None = None


def quantity_list(description: Description) -> Any:
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


def _quantity_type(fields: Sequence[FieldInfo]) -> Any:
    """The annotated type of a quantity: fields of like components have one type, and one for their points."""
    groups: dict[tuple[tuple[str, ...], tuple[Statistic, ...]], list[str]] = {}
    for info in fields:
        groups.setdefault((info.components, _statistics(info)), []).append(info.name)
    tags: dict[tuple[str, bool], str] = {}
    types: list[Any] = []
    for (components, statistics), names in groups.items():
        for point in (False, True):
            if point and statistics == (VALUE,):
                # A scalar has no places; asked for one, it says what it has.
                tags |= {(name, True): tags[(name, False)] for name in names}
                continue
            tag = _type_name(components, statistics, point, {*tags.values()})
            tags |= {(name, point): tag for name in names}
            keys = _quantity_keys(components, statistics, names, point)
            model = create_model(tag, __base__=QuantityRequest, **keys)
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


def _statistics(info: FieldInfo) -> tuple[Statistic, ...]:
    """What can be asked of a field, but for the value at a place."""
    if info.on == "run":
        return (VALUE,)
    without = {POINT, VALUE} | (set() if info.measure is not None else {INTEGRAL})
    return tuple(one for one in get_args(Statistic) if one not in without)


def _type_name(
    components: tuple[str, ...], statistics: tuple[Statistic, ...], point: bool, names: set[str]
) -> str:
    rank = "Scalar" if len(components) == 1 else "Vector" if len(components) < 4 else "Tensor"
    if statistics == (VALUE,):
        rank = "Number"
    name = f"{rank}{'Point' if point else 'Quantity'}"
    return next(one for one in chain([name], (f"{name}{k}" for k in count(2))) if one not in names)


def _quantity_keys(
    components: tuple[str, ...], statistics: tuple[Statistic, ...], names: Sequence[str], point: bool
) -> dict[str, Any]:
    """The keys of quantities of fields that have these components and statistics."""
    choices_of_what = statistics if statistics == (VALUE,) else (*statistics, POINT)

    def measurable(statistic: Any) -> Any:
        if statistic == INTEGRAL and INTEGRAL not in statistics and statistics != (VALUE,):
            raise QueryError(
                f"An integral of {listed(names)} must have the areas or volumes that its values stand for",
                "a field of which every value counts alike",
                "Ask for the 'mean', which is that of all values, or train on runs with cells",
            )
        return statistic

    statistic_type = Annotated[
        Literal[(POINT,) if point else statistics],  # type: ignore[valid-type]
        BeforeValidator(measurable),
        Says(f"A quantity's 'what' must be among {listed(choices_of_what)}"),
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
