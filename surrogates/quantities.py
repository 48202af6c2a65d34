"""Numbers read off a predicted field: its largest, smallest and mean value, and its value at a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Quantity:
    """One number per query (per time where the field has times).

    component: a component's name, "magnitude" of a vector, None for a scalar field.
    at: the place of a "point" quantity, in the mesh's unit: two coordinates on a planar mesh, else three.
    """

    what: Literal["max", "min", "mean", "point"]
    field: str
    component: str | None = None
    at: tuple[float, ...] | None = None

    @property
    def label(self) -> str:
        """Such as "max(von_mises)", "mean(U.x)", "max(U.magnitude)", "point(temperature, 0.1, 0.2)"."""
        name = self.field if self.component is None else f"{self.field}.{self.component}"
        place = "" if self.at is None else "".join(f", {coordinate:g}" for coordinate in self.at)
        return f"{self.what}({name}{place})"
