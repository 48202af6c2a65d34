"""The parameters of a request: named numbers in the study's units, one object of them or a list."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Annotated, Any, Literal, NotRequired

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from fieldwright.data.unit_spelling import same_unit
from fieldwright.serving.limits import MAX_QUERIES
from fieldwright.serving.phrases import listed
from fieldwright.serving.schemas.reading import Number, Says, object_type
from fieldwright.surrogates.fields.description import ParameterInfo

ONE, MANY = "one", "many"
POSITIVE = {"type": "number", "exclusiveMinimum": 0}


class ParameterSchema:
    """How the parameters of one model are described and read; positive: those that must be greater than 0, which the
    model itself refuses."""

    def __init__(self, parameters: Sequence[ParameterInfo], positive: Collection[str] = ()) -> None:
        self.names = tuple(info.name for info in parameters)
        row = object_type(
            "Parameters", {info.name: _parameter_type(info, info.name in positive) for info in parameters}
        )
        units = object_type("Units", {info.name: _unit_type(info) for info in parameters}, optional=True)
        names = listed(self.names)
        self.example = {info.name: (info.minimum + info.maximum) / 2 for info in parameters}
        self.parameters: Any = Annotated[
            Annotated[row, Tag(ONE)]
            | Annotated[list[row], Field(min_length=1, max_length=MAX_QUERIES, fail_fast=True), Tag(MANY)],
            Discriminator(_one_or_many),
            Says(
                "'parameters' must be an object of named numbers, or a list of one or more such objects",
                f"Name {names}",
                most=f"One request may hold at most {MAX_QUERIES} queries",
                keys="The names in 'parameters'",
                every=f"'parameters' must name all of {names}",
            ),
            Field(
                description="One query, or a list of queries: every parameter of the model by its name.",
                examples=[self.example],
            ),
        ]
        self.units: Any = Annotated[
            units,
            Says(
                "'units' must be an object from parameter to unit",
                'Send "units": {"name": "unit"}, or leave it out',
                keys="The names in 'units'",
            ),
            Field(description="Units as the client means them: compared with the study's, never converted."),
        ]
        self._values = itemgetter(*self.names) if self.names else None

    def array(self, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> np.ndarray:
        """(q, p) float64 in the order of the study, of parameters that were read by the type."""
        rows = [parameters] if isinstance(parameters, Mapping) else parameters
        if self._values is None:
            return np.zeros((len(rows), 0))
        values = map(self._values, rows)
        flat = list(values) if len(self.names) == 1 else list(chain.from_iterable(values))
        try:
            numbers = np.fromiter(flat, dtype=np.float64, count=len(flat))
        except TypeError:  # some stand beside their unit
            bare = (one["value"] if isinstance(one, dict) else one for one in flat)
            numbers = np.fromiter(bare, dtype=np.float64, count=len(flat))
        return numbers.reshape(len(rows), len(self.names))


def _one_or_many(parameters: Any) -> str:
    return MANY if isinstance(parameters, list) else ONE


def _parameter_type(info: ParameterInfo, positive: bool) -> Any:
    unit = _unit_type(info)
    number: Any = Annotated[Number, WithJsonSchema(POSITIVE)] if positive else Number
    value = object_type(f"{class_name(info.name)}Value", {"value": number, "unit": NotRequired[unit]})
    return Annotated[
        number | value,
        Says(
            f"Parameter '{info.name}' must be a finite number in {_in_words(info.unit)}",
            "Send a JSON number without quotes",
            keys=f"The keys of parameter '{info.name}'",
        ),
        described(info, "trained", union_mode="left_to_right"),
    ]


def described(info: ParameterInfo, verb: str, **more: Any) -> Any:
    """A pydantic field with the unit, the range and an example of a named number."""
    return Field(
        title=info.name,
        description=f"{info.unit or 'no unit'}, {verb} from {info.minimum:g} to {info.maximum:g}",
        examples=[(info.minimum + info.maximum) / 2],
        json_schema_extra={"x-unit": info.unit, "x-range": [info.minimum, info.maximum]},
        **more,
    )


def class_name(name: str) -> str:
    """Such as "HeatFlux" for "heat_flux", to name a type after what it is of."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"\W|_", name)) or "Nameless"


def _unit_type(info: ParameterInfo) -> Any:
    def canonical(unit: Any) -> Any:
        return info.unit if isinstance(unit, str) and same_unit(unit, info.unit) else unit

    return Annotated[
        Literal[info.unit],  # type: ignore[valid-type]
        BeforeValidator(canonical),
        Says(
            f"Parameter '{info.name}' must be given in {_in_words(info.unit)}, its unit in the study",
            "Convert the value yourself: nothing is converted silently",
        ),
    ]


def _in_words(unit: str) -> str:
    return f"'{unit}'" if unit else "'' (no unit)"
