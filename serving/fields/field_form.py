"""The keys of a request that say in which form whole fields are answered as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from fieldwright.serving.phrases import listed
from fieldwright.serving.schemas.reading import Says
from fieldwright.surrogates.fields.prediction import Band

STATISTICS = ("mean", "std", "lower", "upper")
DOUBLE, SINGLE = PRECISIONS = ("double", "single")


@dataclass(frozen=True)
class FieldForm:
    """statistics: those of whole fields that are answered. precision: of their values."""

    statistics: tuple[str, ...] = STATISTICS
    precision: str = DOUBLE

    def arrays(self, band: Band) -> dict[str, np.ndarray]:
        """By statistic, the values of a field that are answered."""
        values = {name: getattr(band, name) for name in self.statistics}
        if self.precision == DOUBLE:
            return values
        return {name: one.astype(np.float32) for name, one in values.items()}


WHOLE = FieldForm()
"""All statistics, as exact as they are computed."""


def field_form(request: Any) -> FieldForm:
    """That of a request that has the keys."""
    return FieldForm(tuple(dict.fromkeys(request.statistics)), request.precision)


_Statistic = Annotated[
    Literal["mean", "std", "lower", "upper"], Says(f"'statistics' must be among {listed(STATISTICS)}")
]
FORM_KEYS: dict[str, Any] = {
    "statistics": (
        Annotated[
            list[_Statistic],
            Says("'statistics' must be a list of names", f"Choose from {listed(STATISTICS)}"),
            Field(min_length=1, description="Those of whole fields that JSON and NumPy archives hold."),
        ],
        list(STATISTICS),
    ),
    "precision": (
        Annotated[
            Literal["double", "single"],
            Says(f"'precision' must be among {listed(PRECISIONS)}"),
            Field(
                description="Of the values of whole fields; 'single' has seven digits and half of the bytes."
            ),
        ],
        DOUBLE,
    ),
}
"""By name, the types and defaults of the keys."""
