"""The outputs that a request asks for: whole fields, and numbers read off them."""

from __future__ import annotations

import math
from typing import Any, get_args

from fieldwright.data.errors import QueryError
from fieldwright.serving.limits import MAX_QUANTITIES
from fieldwright.serving.phrases import listed, nearest, quoted, refuse_unknown
from fieldwright.surrogates.fields.description import Description, FieldInfo
from fieldwright.surrogates.fields.quantities import Quantity, Statistic, default_quantities, functional_of

WHATS: tuple[Statistic, ...] = get_args(Statistic)
EXAMPLE = '{"what": "max", "field": "name"}'


class OutputReader:
    """Reads the 'fields' and 'quantities' of a request to one surrogate."""

    def __init__(self, description: Description) -> None:
        self._fields = {field.name: field for field in description.fields}
        self.default = tuple(one for field in description.fields for one in default_quantities(field))

    def fields(self, given: Any) -> tuple[str, ...]:
        """The names of whole fields to answer; raises QueryError."""
        if not isinstance(given, list):
            raise QueryError(
                "'fields' must be a list of names", quoted(given), f"Choose from {listed(self._fields)}"
            )
        return tuple(dict.fromkeys(self._field(name, "'fields'").name for name in given))

    def values(self, names: tuple[str, ...]) -> int:
        """How many values the named fields hold for one query."""
        fields = [self._fields[name] for name in names]
        return sum(field.n_points * len(field.components) * len(field.times or (0,)) for field in fields)

    def quantities(self, given: Any) -> tuple[Quantity, ...]:
        """The quantities asked for; maximum, minimum and mean of every field if None; raises QueryError."""
        if given is None:
            return self.default
        if not isinstance(given, list) or len(given) > MAX_QUANTITIES:
            raise QueryError(
                f"'quantities' must be a list of at most {MAX_QUANTITIES} objects",
                f"{len(given)} of them" if isinstance(given, list) else quoted(given),
                f"Send such as [{EXAMPLE}]",
            )
        quantities = tuple(dict.fromkeys(self._quantity(quantity) for quantity in given))
        labels = [quantity.label for quantity in quantities]
        for label in labels:
            if labels.count(label) > 1:
                raise QueryError(
                    "Quantities must differ in the labels under which they are answered",
                    f"'{label}' twice, for places less than a millionth apart",
                    "Ask for them in two requests",
                )
        return quantities

    def _quantity(self, given: Any) -> Quantity:
        if not isinstance(given, dict):
            raise QueryError("A quantity must be an object", quoted(given), f"Send such as {EXAMPLE}")
        refuse_unknown(given, ("what", "field", "component", "at"), "A quantity's keys")
        what = given.get("what")
        if not isinstance(what, str) or what not in WHATS:
            raise QueryError(
                f"A quantity's 'what' must be among {listed(WHATS)}", quoted(what), nearest(what, WHATS)
            )
        component = given.get("component")
        if component is not None and not isinstance(component, str):
            raise QueryError("A quantity's 'component' must be a name", quoted(component), "Send its name")
        field = self._field(given.get("field"), "A quantity's 'field'")
        quantity = Quantity(what, field.name, component, _place(given.get("at")))
        functional_of(quantity, field)
        return quantity

    def _field(self, name: Any, place: str) -> FieldInfo:
        if not isinstance(name, str) or name not in self._fields:
            raise QueryError(
                f"{place} must name a field of the model", quoted(name), nearest(name, self._fields)
            )
        return self._fields[name]


def _place(given: Any) -> tuple[float, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or not all(map(_is_finite_number, given)):
        raise QueryError(
            "A quantity's place 'at' must be a list of coordinates in the unit of the mesh",
            quoted(given),
            'Send such as "at": [0.1, 0.02]',
        )
    return tuple(float(value) for value in given)


def _is_finite_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
