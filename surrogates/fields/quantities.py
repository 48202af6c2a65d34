"""Quantities of a predicted field: its largest, smallest and mean value, its integral, its value at a place.

The quantity of a scalar is its value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.functional import Functional, default_functionals

Statistic = Literal["max", "min", "mean", "integral", "point", "value"]


@dataclass(frozen=True)
class Quantity:
    """One number per query (per time where the field has times).

    what: "mean" and "integral" weigh every point or cell by its length, area or volume. Where that is not known
    (`FieldInfo.measure` is None), "mean" is the mean of points and there is no "integral". "value" is of a scalar.
    component: a component's name, "magnitude" of a vector, None for a scalar field.
    at: the place of a "point" quantity, in the mesh's unit: two coordinates on a planar mesh, else three.
    """

    what: Statistic
    field: str
    component: str | None = None
    at: tuple[float, ...] | None = None

    @property
    def label(self) -> str:
        """Such as "max(von_mises)", "mean(U.x)", "max(U.magnitude)", "point(temperature, 0.1, 0.2)", "Cd"."""
        name = self.field if self.component is None else f"{self.field}.{self.component}"
        if self.what == "value":
            return name
        place = "" if self.at is None else "".join(f", {coordinate:g}" for coordinate in self.at)
        return f"{self.what}({name}{place})"


def parsed_quantity(label: str, infos: Sequence[FieldInfo]) -> Quantity:
    """The quantity of a label, as `Quantity.label` writes it; raises QueryError."""
    scalars = [info.name for info in infos if info.on == "run"]
    if label.strip() in scalars:
        return Quantity("value", label.strip())
    match = re.fullmatch(r"(max|min|mean|integral|point)\((.+)\)", label.strip())
    if match is None:
        also = f", or be one of the scalars {', '.join(scalars)}" if scalars else ""
        raise QueryError(
            f"A quantity must be written as max, min, mean, integral or point of a field{also}",
            f"'{label}'",
            "Write it like 'max(stress)', 'mean(U.x)' or 'point(T, 0.1, 0.2)'",
        )
    statistic, (name, *place) = match[1], [part.strip() for part in match[2].split(",")]
    names = {info.name for info in infos}
    field, _, component = (name, "", "") if name in names else name.rpartition(".")
    if field not in names:
        raise QueryError(
            f"The field of a quantity must be one of {', '.join(sorted(names))}", f"'{name}'", "Correct it"
        )
    try:
        at = tuple(float(coordinate) for coordinate in place)
    except ValueError as error:
        raise QueryError("The place of a quantity must be numbers", f"'{label}'", "Correct it") from error
    return Quantity(cast(Statistic, statistic), field, component or None, at or None)


def functional_of(quantity: Quantity, info: FieldInfo) -> Functional:
    """The functional of the quantity, its component as an index; raises QueryError that names the components.

    That of an integral is the mean: the integral is the mean times the measure of the part, and so are its bands.
    """
    names = info.components
    choices = [*names, "magnitude"] if len(names) in (2, 3) else list(names)
    if quantity.component is None and len(names) == 1:
        index: int | None = 0
    elif quantity.component in names:
        index = names.index(quantity.component)
    elif quantity.component == "magnitude" and "magnitude" in choices:
        index = None
    else:
        raise QueryError(
            f"A quantity of '{info.name}' must "
            + (
                "name no component" if len(names) == 1 else f"name one of its components {', '.join(choices)}"
            ),
            "no component" if quantity.component is None else f"'{quantity.component}'",
            "Correct 'component'",
        )
    if (quantity.what == "value") != (info.on == "run"):
        scalar = info.on == "run"
        raise QueryError(
            f"A quantity of the {'scalar' if scalar else 'field'} '{info.name}' must be "
            + ("its value" if scalar else "max, min, mean, integral or point"),
            f"'{quantity.what}'",
            f"Ask for '{info.name}'" if scalar else f"Ask for such as 'max({info.name})'",
        )
    if (quantity.what == "point") != (quantity.at is not None):
        raise QueryError(
            "A 'point' quantity must give its place by 'at', and no other quantity may",
            f"'{quantity.what}' with at = {quantity.at}",
            "Give 'at' as the coordinates of the place, or leave it out",
        )
    if quantity.what == "integral":
        if info.measure is None:
            raise QueryError(
                f"An integral of '{info.name}' must have the areas or volumes of its {info.on}s",
                "a field without them",
                "Ask for the 'mean', which is that of all values, or train on runs with cells",
            )
        return Functional("mean", quantity.field, index)
    if quantity.what == "value":
        # The mean over its one place.
        return Functional("mean", quantity.field, index)
    return Functional(quantity.what, quantity.field, index)


def unit_of(quantity: Quantity, info: FieldInfo) -> str:
    """The unit of the quantity; that of an integral is multiplied by the mesh unit to the power of the dimension."""
    if quantity.what != "integral" or info.measure is None:
        return info.unit
    mesh = {"length": "mesh unit", "area": "(mesh unit)^2", "volume": "(mesh unit)^3", "weight": "weight"}
    return f"{info.unit or '1'} * {mesh[info.measure]}"


def default_quantities(info: FieldInfo) -> list[Quantity]:
    """Largest, smallest and mean value of each component of a field, and of the magnitude of a vector.

    That of a scalar is its value; coordinates have none unless they are asked for.
    """
    if info.on == "run":
        return [Quantity("value", info.name)]
    if info.places:
        return []
    return [
        Quantity(key.statistic, info.name, _name(key.component, info))
        for key in default_functionals(info.name, len(info.components))
    ]


def headline_quantities(info: FieldInfo) -> list[Quantity]:
    """Largest and mean value of a field of one component, of a vector's magnitude, or of each of more components.

    That of a scalar is its value; coordinates have none.
    """
    if info.on == "run":
        return [Quantity("value", info.name)]
    if info.places:
        return []
    components = {1: [None], 2: ["magnitude"], 3: ["magnitude"]}.get(len(info.components), [*info.components])
    return [
        Quantity(statistic, info.name, component) for component in components for statistic in ("max", "mean")
    ]


def _name(component: int | None, info: FieldInfo) -> str | None:
    if component is None:
        return "magnitude"
    return info.components[component] if len(info.components) > 1 else None
