"""What a surrogate says of quantities at many queries, without a field of all points for each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.functional import Selection
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.readout.reading import Reading
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.fields.training.training_runs import JOINED
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime

BLOCK_VALUES = 2_000_000
"""Values of a field that are held at once."""


def quantity_means(surrogate: Surrogate, x: np.ndarray, queried: Sequence[Quantity]) -> np.ndarray:
    """The means (q, values) of all quantities at all times, without bands, of queries x (q, p).

    A POD is evaluated at some points after the others, for all queries at once: its modes are read once.
    """
    latent = surrogate.emulator.latent(x, {one.field for one in queried})
    readings = [surrogate.reading(one) for one in queried]
    values: dict[int, np.ndarray] = {}
    for name, (z, _) in latent.items():
        of_field = {k: readings[k] for k, one in enumerate(queried) if one.field == name}
        model = surrogate.emulator.fields[name]
        in_parts = model.divisible and all(one.functional.statistic in JOINED for one in of_field.values())
        values |= (_by_points if in_parts else _by_queries)(model, x, z, of_field)
    return np.hstack([values[k] for k in range(len(queried))])


def rows_of_a_block(surrogate: Surrogate, queried: Sequence[Quantity]) -> int:
    """Queries that are answered at once, so that the fields that quantities are read off stay small."""
    infos = [surrogate.info(one.field) for one in queried]
    largest = max(info.n_points * len(info.components) * len(info.times or (0,)) for info in infos)
    return max(1, BLOCK_VALUES // largest)


def _by_queries(
    model: FieldModel | TimeByTime, x: np.ndarray, z: np.ndarray, readings: dict[int, Reading]
) -> dict[int, np.ndarray]:
    """Each reading (q, t) of whole fields, of some queries after the others."""
    rows = max(1, BLOCK_VALUES // int(np.prod(model.shape)))
    parts: dict[int, list[np.ndarray]] = {k: [] for k in readings}
    for start in range(0, len(x), rows):
        some = slice(start, start + rows)
        mean = model.at(x[some]).mean(z[some])
        for k, reading in readings.items():
            parts[k].append(reading.value(mean))
    return {k: np.concatenate(part) for k, part in parts.items()}


def _by_points(
    model: FieldModel | TimeByTime, x: np.ndarray, z: np.ndarray, readings: dict[int, Reading]
) -> dict[int, np.ndarray]:
    """Each reading (q, t) of all queries, summed up over some points after the others."""
    times, points, components = model.shape
    width = max(1, BLOCK_VALUES // (len(x) * times * components))
    equal = np.full(points, 1.0 / points)
    sums: dict[int, np.ndarray] = {}
    for start in range(0, points, width):
        stop = min(start + width, points)
        mean = model.at_points(start, stop).at(x).mean(z)
        for k, reading in readings.items():
            shares = equal if reading.selection is None else reading.selection.weight
            there = functional.value(reading.functional, mean, Selection(None, shares[start:stop]))
            before = sums.get(k)
            sums[k] = there if before is None else JOINED[reading.functional.statistic](before, there)
    return {k: readings[k].factor * one for k, one in sums.items()}
