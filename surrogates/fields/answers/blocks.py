"""Predictions in blocks of queries: a surrogate holds the whole fields of all its queries at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from fieldwright.surrogates.fields.prediction import Band, Prediction
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.trajectory.history import History

BLOCK_VALUES = 1_000_000
"""Field values per block: 8 MB, of which a prediction makes some copies."""


def predict_in_blocks(
    surrogate: Surrogate,
    x: np.ndarray,
    fields: Sequence[str],
    quantities: Sequence[Quantity],
    *,
    times: Sequence[float] | None = None,
    history: History | None = None,
    simultaneous: bool = False,
) -> Prediction:
    """What `surrogate.predict` answers to x (q, p), in memory that does not grow with the number of queries.

    Raises QueryError.
    """
    needed = {*fields, *(one.field for one in quantities)}
    infos = [info for info in surrogate.description.fields if info.name in needed]
    more = len(times or ())
    values = sum(info.n_points * len(info.components) * max(len(info.times or (0,)), more) for info in infos)
    size = max(1, BLOCK_VALUES // max(values, 1))
    parts = [
        surrogate.predict(
            x[start : start + size],
            fields,
            quantities,
            times=times,
            history=None if history is None else history.of(slice(start, start + size)),
            simultaneous=simultaneous,
        )
        for start in range(0, len(x), size)
    ]
    if len(parts) == 1:
        return parts[0]
    return Prediction(
        fields=_joined([part.fields for part in parts]),
        quantities=_joined([part.quantities for part in parts]),
        inside=np.concatenate([part.inside for part in parts]),
        outside=np.concatenate([part.outside for part in parts]),
        why=tuple(why for part in parts for why in part.why),
        coverage=parts[0].coverage,
        simultaneous=parts[0].simultaneous,
    )


def _joined(parts: Sequence[Mapping[str, Band]]) -> dict[str, Band]:
    statistics = [field.name for field in dataclasses.fields(Band)]
    return {
        name: Band(*(np.concatenate([getattr(part[name], key) for part in parts]) for key in statistics))
        for name in parts[0]
    }
