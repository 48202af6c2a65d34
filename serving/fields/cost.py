"""What a question to a surrogate costs: queries x (latent coordinates + fields and quantities x modes x times)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fieldwright.serving.cost import Cost
from fieldwright.serving.fields.query import Query
from fieldwright.surrogates.fields.emulator import Branch
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.readout.readout import is_linear
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime
from fieldwright.surrogates.trajectory.unrolled import Unrolled

REQUEST, QUANTITY = 5e5, 3e4
"""Of Python, for each request and for each of its quantities, however many queries."""
QUERY = 1e4
"""Where a query lies in the domain of the runs."""
VALUE = 400.0
"""Bands of one value and the text of its four statistics."""
PASSES = 10.0
"""Passes over the values of a field for one number that is read off it."""
LOCATED = 20.0
"""Comparisons for each simplex among which a place is looked for."""
BUILT = 2000.0
"""For each point of a mesh on which a place is looked for the first time."""


@dataclass(frozen=True)
class FieldCost:
    """Operations of one query for one field.

    decoding: of the whole field; spread: of the stds of all its values. values, scalars: numbers of the whole field,
    and of one component, at all trained times. rank: modes. times: trained ones.
    """

    decoding: float
    spread: float
    values: int
    scalars: int
    rank: int
    times: int
    affine: bool
    linear: bool

    @classmethod
    def of(cls, decoder: TimeByTime | FieldModel) -> FieldCost:
        """From the arrays that a field is decoded by."""
        instant = decoder.instant if isinstance(decoder, TimeByTime) else decoder
        times, points, components = decoder.shape
        values, rank = times * points * components, instant.rank
        if instant.affine:
            decoding = spread = float(rank * values)
        else:
            steps = times if isinstance(decoder, TimeByTime) else 1
            decoding = float(max(_numbers(instant.reduction.state().values()) * steps, values))
            spread = 2.0 * rank * decoding
        return cls(decoding, spread, values, times * points, rank, times, instant.affine, is_linear(decoder))

    def by_weights(self, quantity: Quantity) -> bool:
        """Whether it is read off the latent coordinates, without the field."""
        return self.linear and quantity.what not in ("max", "min") and quantity.component != "magnitude"

    def quantity(self, quantity: Quantity) -> float:
        """Operations of one query for one quantity."""
        if self.by_weights(quantity):
            return float(self.rank * self.times)
        if not self.affine:
            return self.spread
        passes = PASSES * (self.values if quantity.component == "magnitude" else self.scalars)
        everywhere = quantity.what in ("mean", "integral")
        return passes + (self.rank * self.values if everywhere else self.rank * self.times)


class SurrogateCost:
    """Counts what questions to one surrogate cost."""

    def __init__(self, surrogate: Surrogate) -> None:
        self._surrogate = surrogate
        emulator = surrogate.emulator
        self._latent = QUERY + sum(_operations(branch) for branch in emulator.branches)
        self._fields = {name: FieldCost.of(decoder) for name, decoder in emulator.fields.items()}

    def __call__(self, query: Query) -> Cost:
        """Of all queries of one request together."""
        each, operations = self._latent, REQUEST + QUANTITY * len(query.quantities)
        for name in query.fields:
            field = self._fields[name]
            at_one_time = field.values // field.times
            each += field.spread + PASSES * field.values + VALUE * at_one_time * self._times(field, query)
        decoded = set(query.fields)
        for name in {one.field for one in query.quantities}:
            field = self._fields[name]
            quantities = [one for one in query.quantities if one.field == name]
            if not all(map(field.by_weights, quantities)):
                decoded.add(name)
            each += sum(map(field.quantity, quantities)) + VALUE * len(quantities) * self._times(field, query)
            if places := sum(one.at is not None for one in quantities):
                operations += places * self._location(name)
        each += sum(self._fields[name].decoding for name in decoded)
        return Cost(operations + each * len(query.x), self._values(query) * len(query.x))

    def _values(self, query: Query) -> int:
        """Numbers per statistic that answer one query."""
        sizes = [self._fields[name].values // self._fields[name].times for name in query.fields]
        names = [*query.fields, *(one.field for one in query.quantities)]
        times = [self._answered(self._fields[name], query) for name in names]
        return sum(size * n for size, n in zip([*sizes, *[1] * len(query.quantities)], times, strict=True))

    @staticmethod
    def _answered(field: FieldCost, query: Query) -> int:
        """Times at which one number is answered; a steady field has one whatever was asked for."""
        return field.times if query.times is None or field.times == 1 else len(query.times)

    @staticmethod
    def _times(field: FieldCost, query: Query) -> int:
        """Times at which one number is computed: the trained ones, and then those that were asked for."""
        return field.times + len(query.times or ())

    def _location(self, field: str) -> float:
        simplices = self._surrogate.simplices_of(field)
        if simplices is None:
            return BUILT * self._surrogate.description.field(field).n_points
        return LOCATED * simplices


def _operations(branch: Branch) -> float:
    """Of one query for the latent coordinates: every learned number enters a product once, or once for each time."""
    regressor = branch.regressor
    times = regressor.times if isinstance(regressor, Unrolled) else 1
    return float(times * _numbers(regressor.state().values()))


def _numbers(arrays: Iterable[np.ndarray]) -> int:
    return sum(array.size for array in arrays)
