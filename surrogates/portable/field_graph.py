"""One field at one query: its values, its quantities and their bands, read off the latent coordinates as a graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from fieldwright.surrogates.fields.beyond_runs import GROWTH, BeyondRuns
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.quantities import Quantity
from fieldwright.surrogates.fields.readout.prepared_quantities import PreparedQuantities
from fieldwright.surrogates.fields.readout.reading import Reading
from fieldwright.surrogates.fields.readout.readout import WeightedSums, is_linear, is_sum
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.validation.band_limits import RangeLimits
from fieldwright.surrogates.validation.calibration import Calibration

LARGEST_EXPONENT = 700.0
"""Logarithms above are cut, as in `FieldModel`."""


@dataclass(frozen=True, eq=False)
class BandGraph:
    """Mean, std and calibrated band of a quantity (t,) or a field (t, points, components)."""

    mean: Node
    std: Node
    lower: Node
    upper: Node

    def limited(self, limits: RangeLimits | None, inside: Node) -> Self:
        """The band cut as `RangeLimits.cut` does; inside: () 1 where the query lies in the domain, else 0."""
        if limits is None or not np.isfinite(limits.size).any():
            return self
        size = graph.where_greater(self.upper - self.lower, 2.0 * limits.size, limits.size, np.inf)
        size = graph.where_greater(inside, 0.5, size, np.inf)
        first, last = limits.middle - size, limits.middle + size
        mean, lower, upper = (
            graph.clipped(part, first, last) for part in (self.mean, self.lower, self.upper)
        )
        return type(self)(mean, self.std, lower, upper)

    def within(self, low: float, high: float) -> Self:
        """The band clipped to bounds that no value can pass."""
        mean, lower, upper = (graph.clipped(part, low, high) for part in (self.mean, self.lower, self.upper))
        return type(self)(mean, self.std, lower, upper)

    def times(self, factor: float) -> Self:
        """The band of a positive factor times this one."""
        if factor == 1.0:
            return self
        return type(self)(*(factor * part for part in (self.mean, self.std, self.lower, self.upper)))

    def reshaped(self, shape: tuple[int, ...]) -> Self:
        """The same in another shape."""
        return type(self)(*(part.reshape(*shape) for part in (self.mean, self.std, self.lower, self.upper)))


@dataclass(frozen=True, eq=False)
class FieldGraph:
    """A field of an affine reduction at the scaled coordinates z with std sigma, both (r,).

    factor, offset: () of its scaling. inside: () 1 where the query lies in the domain, else 0. beyond: () as
    `BeyondRuns` tells it.
    """

    decoder: FieldModel
    z: Node
    sigma: Node
    factor: Node
    offset: Node
    inside: Node
    beyond: Node

    @classmethod
    def of(cls, decoder: FieldModel, x: Node, z: Node, sigma: Node, inside: Node, beyond: BeyondRuns) -> Self:
        """At the parameters x (p,)."""
        if decoder.scaling is None:
            factor, offset = graph.constant(1.0), graph.constant(0.0)
        else:
            factor, offset = decoder.scaling.graph(x)
        return cls(decoder, z, sigma, factor, offset, inside, beyond.graph(x))

    def band(self, calibration: Calibration, name: str, steady: bool) -> BandGraph:
        """The whole field."""
        shape = self.decoder.shape
        lost = self.decoder.truncation_variance
        std = graph.sqrt(np.square(self.decoder.modes).T @ graph.square(self.sigma) + lost)
        std = self.factor * (std * self._scaled if self.decoder.logarithmic else std).reshape(*shape)
        factors = calibration.fields[name]
        low, high = (factors.low[0], factors.high[0]) if steady else (factors.low, factors.high)
        limits = RangeLimits.of(low, high)
        mean = self._values
        half = factors.pointwise * std + self._rounding(mean)
        if limits is not None:
            half = half + self.beyond * (GROWTH * limits.range)
        band = BandGraph(mean, std, mean - half, mean + half).within(*self._bounds)
        return band.reshaped(shape[1:] if steady else shape).limited(limits, self.inside)

    def quantities(
        self,
        quantities: Sequence[Quantity],
        readings: Sequence[Reading],
        calibration: Calibration,
        steady: bool,
    ) -> dict[str, BandGraph]:
        """The bands of quantities by label, each () of a steady field, else (t,)."""
        prepared = PreparedQuantities.of(quantities, readings, self.decoder, calibration, steady)
        bands = {}
        for k, reading in enumerate(readings):
            mean, std = self._read(reading)
            half = prepared.factors[k] * std + self._rounding(mean)
            half = half + self.beyond * (GROWTH * prepared.growth[k])
            band = BandGraph(mean, std, mean - half, mean + half)
            band = band.within(float(prepared.low[k, 0]), float(prepared.high[k, 0]))
            limits = RangeLimits(prepared.limits.middle[k], prepared.limits.size[k])
            band = band.limited(limits, self.inside).times(float(prepared.scale[k, 0]))
            bands[prepared.labels[k]] = band.reshaped(()) if steady else band
        return bands

    def _read(self, reading: Reading) -> tuple[Node, Node]:
        """Value and std, each (t,)."""
        if is_linear(self.decoder) and is_sum(reading.functional):
            sums = WeightedSums.of([reading], self.decoder)
            value = self.offset + self.factor * (sums.vectors.T @ self.z + sums.constant[0])
            variance = np.square(sums.vectors).T @ graph.square(self.sigma) + np.square(sums.lost[0])
            return value, self.factor * graph.sqrt(variance)
        components = np.arange(self.decoder.shape[2])
        if reading.functional.component is not None:
            components = components[[reading.functional.component]]
        if reading.functional.statistic in ("max", "min"):
            return self._at_extreme(reading, components)
        selection = reading.selection
        points = np.arange(self.decoder.shape[1])
        if selection is not None and selection.index is not None:
            points = selection.index
        weight = np.full(len(points), 1.0 / len(points)) if selection is None else selection.weight
        modes, origin, lost = (array[:, points][:, :, components] for array in self._arrays)
        times, rank = len(modes), self.decoder.rank
        linear = (modes.reshape(-1, rank) @ self.z).reshape(*origin.shape) + origin
        by_time = np.ascontiguousarray(modes.reshape(times, -1, rank).swapaxes(1, 2))

        def along(slope: Node) -> Node:
            return (by_time @ slope.reshape(times, -1, 1)).reshape(times, rank)

        return self._weighted(linear, graph.constant(lost), weight, along)

    def _at_extreme(self, reading: Reading, components: np.ndarray) -> tuple[Node, Node]:
        """Value and std, each (t,), at the place where the mean field is largest or least."""
        times, points, total = self.decoder.shape
        if reading.functional.component is None:
            scalar = graph.sqrt(graph.square(self._values).sum())
        else:
            each = np.arange(times * points).reshape(times, points) * total + components[0]
            scalar = self._values.reshape(-1).take(each)
        place = scalar.argmax() if reading.functional.statistic == "max" else scalar.argmin()
        row = graph.pick(self._table, place).reshape(-1)
        width = self.decoder.rank + 2
        first = np.arange(times)[:, None] * total * width + components * width
        modes = row.take(first[..., None] + np.arange(self.decoder.rank))
        origin, lost = (row.take(first[:, None] + self.decoder.rank + k) for k in (0, 1))
        linear = (modes * self.z).sum().reshape(times, 1, -1) + origin
        across = row.take(first[:, None, :] + np.arange(self.decoder.rank)[:, None])

        def along(slope: Node) -> Node:
            return (across * slope).sum()

        return self._weighted(linear, lost, np.ones(1), along)

    def _weighted(self, linear: Node, lost: Node, weight: np.ndarray, along) -> tuple[Node, Node]:
        """The weighted sum over k places of scaled components (t, k, c), and its std, each (t,).

        lost: (t, k, c) truncation variance. along: from slopes (t, k, c) to what each coordinate changes (t, r).
        """
        scaled = self._unlogged(linear)
        values = graph.clipped(self.offset + self.factor * scaled, *self._bounds)
        if values.shape[2] > 1:
            number = graph.sqrt(graph.square(values).sum())
            length = number.reshape(*number.shape, 1)
            gradient = graph.where_greater(length, 0.0, values / length, 1.0)
        else:
            number, gradient = values.reshape(*values.shape[:2]), graph.constant(np.ones(values.shape))
        slope = gradient * weight[:, None]
        if self.decoder.logarithmic:
            lost = lost * graph.square((values - self.offset) / self.factor)
            slope = slope * scaled
        variance = graph.square(along(slope) * self.sigma).sum()
        lost_std = (graph.sqrt((lost * graph.square(gradient)).sum()) * weight).sum()
        return (number * weight).sum(), self.factor * graph.sqrt(variance + graph.square(lost_std))

    @cached_property
    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Modes (t, points, components, r), origin and truncation variance (t, points, components)."""
        decoder = self.decoder
        modes = np.moveaxis(decoder.modes.reshape(-1, *decoder.shape), 0, -1)
        return (
            modes,
            decoder.origin.reshape(decoder.shape),
            decoder.truncation_variance.reshape(decoder.shape),
        )

    @cached_property
    def _table(self) -> np.ndarray:
        """(t, points, components (r + 2)) modes, origin and truncation variance of each value."""
        modes, origin, lost = self._arrays
        table = np.concatenate([modes, origin[..., None], lost[..., None]], axis=-1)
        return table.reshape(*table.shape[:2], -1)

    @cached_property
    def _scaled(self) -> Node:
        """The flat field before its scaling."""
        return self._unlogged(self.decoder.modes.T @ self.z + self.decoder.origin)

    @cached_property
    def _values(self) -> Node:
        """The field (t, points, components) in its unit."""
        free = self.offset + self.factor * self._scaled
        return graph.clipped(free, *self._bounds).reshape(*self.decoder.shape)

    @property
    def _bounds(self) -> tuple[float, float]:
        scaling = self.decoder.scaling
        return (-np.inf, np.inf) if scaling is None else (scaling.low, scaling.high)

    def _unlogged(self, values: Node) -> Node:
        return graph.exp(graph.minimum(values, LARGEST_EXPONENT)) if self.decoder.logarithmic else values

    def _rounding(self, mean: Node) -> Node:
        """Size of the rounding errors of the field, or of a number read off it, at the value `mean`."""
        if self.decoder.logarithmic:
            return self.decoder.round_off * graph.absolute(mean - self.offset)
        return self.decoder.round_off * self.factor
