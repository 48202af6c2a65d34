"""The evaluation of a quantity of a field: a functional, its places and weights, and a factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.description import FieldInfo
from fieldwright.surrogates.fields.functional import Functional, Selection
from fieldwright.surrogates.fields.quantities import Quantity, functional_of
from fieldwright.surrogates.fields.readout.location import Locator


@dataclass(frozen=True, eq=False)
class Reading:
    """quantity = factor * functional of the field.

    factor: the measure of the part for an integral, which is the mean times it; else 1.
    """

    functional: Functional
    selection: Selection | None
    factor: float

    def value(self, field: np.ndarray) -> np.ndarray:
        """The quantity of fields (q, t, points, components), (q, t)."""
        return self.factor * functional.value(self.functional, field, self.selection)

    def slope(self, mean: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Its derivative (q, t) as the fields `mean` change by `change`, both (q or 1, t, points, components)."""
        return self.factor * functional.slope(self.functional, mean, change, self.selection)


def reading_of(
    quantity: Quantity, info: FieldInfo, weights: np.ndarray | None, locator: Callable[[str], Locator]
) -> Reading:
    """The reading of a quantity of a field of weights (points,); raises QueryError as `functional_of` does."""
    key = functional_of(quantity, info)
    if quantity.at is not None:
        return Reading(key, locator(info.name).locate(quantity.at), 1.0)
    factor = float(weights.sum()) if quantity.what == "integral" and weights is not None else 1.0
    return Reading(key, functional.selection_of(key, weights), factor)
