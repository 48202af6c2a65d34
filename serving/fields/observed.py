"""What is recorded of a prediction: where its queries lie, and how wide its bands are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from fieldwright.serving.fields.field_form import STATISTICS
from fieldwright.serving.fields.query import Query
from fieldwright.serving.observation.request import Observation, PredictionSample, ShadowedQuery
from fieldwright.serving.shapes.query import ShapeQuery
from fieldwright.surrogates.fields.prediction import Prediction

if TYPE_CHECKING:
    from fieldwright.serving.fields.served import Served
    from fieldwright.serving.shapes.served_shapes import ServedShapes

MOST_WIDTHS = 1000
"""Of one answer that are counted."""
MOST_LOGGED, MOST_SHADOWED = 1000, 100
"""Queries of one request that are logged, and that the challenger is asked."""
_random = np.random.default_rng()
"""Without a seed: which queries are logged must not be known beforehand."""


def observe(
    observation: Observation,
    served: Served | ServedShapes,
    query: Query | ShapeQuery,
    prediction: Prediction,
) -> None:
    """Records one answer."""
    observation.inside = prediction.inside
    observation.widths = band_widths(served, query, prediction)
    if observation.share > 0.0:
        observation.sample = _sampled(observation.share, served, query, prediction)
    if observation.shadow_share > 0.0 and isinstance(query, Query):
        observation.shadowed = _shadowed(observation.shadow_share, served, query, prediction)


def _sampled(
    share: float, served: Served | ServedShapes, query: Query | ShapeQuery, prediction: Prediction
) -> PredictionSample | None:
    """Each query with the probability of the share; None where there are none."""
    rows = np.flatnonzero(_random.random(len(query.x)) < share)[:MOST_LOGGED]
    return _sample_of(rows, served, query, prediction) if len(rows) else None


def _shadowed(
    share: float, served: Served | ServedShapes, query: Query, prediction: Prediction
) -> ShadowedQuery | None:
    """The same of those for the challenger; whole fields and forecasts are not among them."""
    if query.history is not None or not query.quantities:
        return None
    rows = np.flatnonzero(_random.random(len(query.x)) < share)[:MOST_SHADOWED]
    if not len(rows):
        return None
    part = replace(query, x=query.x[rows], fields=(), field_values=0, refuse_outside=False)
    return ShadowedQuery(served, part, _sample_of(rows, served, query, prediction))


def _sample_of(
    rows: np.ndarray, served: Served | ServedShapes, query: Query | ShapeQuery, prediction: Prediction
) -> PredictionSample:
    quantities = {
        label: np.stack([getattr(band, statistic)[rows] for statistic in STATISTICS])
        for label, band in prediction.quantities.items()
    }
    names = tuple(info.name for info in served.description.parameters)
    return PredictionSample(datetime.now(UTC), names, query.x[rows], prediction.inside[rows], quantities)


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
