"""What is recorded of a prediction: where its queries lie, and how wide its bands are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fieldwright.serving.fields.query import Query
from fieldwright.serving.observation.request import Observation
from fieldwright.serving.shapes.query import ShapeQuery
from fieldwright.surrogates.fields.prediction import Prediction

if TYPE_CHECKING:
    from fieldwright.serving.fields.served import Served
    from fieldwright.serving.shapes.served_shapes import ServedShapes

MOST_WIDTHS = 1000
"""Of one answer that are counted."""


def observe(
    observation: Observation,
    served: Served | ServedShapes,
    query: Query | ShapeQuery,
    prediction: Prediction,
) -> None:
    """Records one answer."""
    observation.inside = prediction.inside
    observation.widths = band_widths(served, query, prediction)


def band_widths(
    served: Served | ServedShapes, query: Query | ShapeQuery, prediction: Prediction
) -> np.ndarray | None:
    """Widths of the bands of quantities, relative to the range of their fields in the training runs, MOST_WIDTHS of
    them at most. Integrals, which have a unit of their own, have no such range,
    nor have models of an earlier version; None where nothing has one."""
    parts = []
    for quantity in query.quantities:
        extent = served.extent(quantity.field) if quantity.what != "integral" else 0.0
        if 0.0 < extent < np.inf:
            band = prediction.quantities[quantity.label]
            parts.append(((band.upper - band.lower) / extent).ravel())
    if not parts:
        return None
    widths = np.concatenate(parts)
    return widths[:: -(-len(widths) // MOST_WIDTHS)]
