"""All quantities that are read off one field at once, prepared for queries that come again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.field_model import FieldModel
from fieldwright.surrogates.fields.field_view import FieldView
from fieldwright.surrogates.fields.functional import Functional, Selection
from fieldwright.surrogates.fields.readout.reading import Reading
from fieldwright.surrogates.row_products import row_products
from fieldwright.surrogates.trajectory.time_by_time import TimeByTime


class Readout:
    """Values and stds of k quantities of one field, what `functional.value` and `functional.std` say of each.

    Where the reduction is affine, nothing goes mode by mode: a weighted sum of one component is a vector of weights
    in latent space, made here once and for all queries; an extreme takes the modes at its place alone.

    needs_field: whether the quantities are read off the whole field, not off the latent coordinates.
    """

    def __init__(self, readings: Sequence[Reading], decoder: FieldModel | TimeByTime) -> None:
        self.readings = tuple(readings)
        self._instant = decoder.instant if isinstance(decoder, TimeByTime) else decoder
        self._times = decoder.shape[0]
        self._shape = self._instant.shape
        linear = is_linear(decoder)
        self._sums = [k for k, one in enumerate(self.readings) if linear and is_sum(one.functional)]
        self._others = [k for k in range(len(self.readings)) if k not in self._sums]
        self._sum = (
            WeightedSums.of([self.readings[k] for k in self._sums], self._instant) if self._sums else None
        )
        self.needs_field = bool(self._others)

    def __call__(
        self,
        model: FieldModel | FieldView | TimeByTime,
        z: np.ndarray,
        sigma: np.ndarray,
        field: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and stds, each (q, k, t), where the scaled coordinates are z with the std sigma, both (q, r).

        model: what decodes them at these queries. field: model.mean(z), where it is needed.
        """
        values = np.empty((len(z), len(self.readings), self._times))
        stds = np.empty_like(values)
        rows, spread = z.reshape(-1, self._instant.rank), sigma.reshape(-1, self._instant.rank)
        factor, offset = self._scale(model, len(rows))
        if self._sum is not None:
            mean, std = self._sum(rows, spread)
            values[:, self._sums] = self._by_query(offset + factor * mean)
            stds[:, self._sums] = self._by_query(factor * std)
        if not self._others:
            return values, stds
        assert field is not None
        if not self._instant.affine:
            for k in self._others:
                read = self.readings[k]
                values[:, k] = functional.value(read.functional, field, read.selection)
                stds[:, k] = functional.std(read.functional, model, field, z, sigma, read.selection)
            return values, stds
        places = _Places(self._instant, field.reshape(len(rows), *self._shape), rows, spread, factor, offset)
        for magnitude in (False, True):
            group = [k for k in self._others if (self.readings[k].functional.component is None) == magnitude]
            if group:
                self._read(group, places, magnitude, values, stds)
        return values, stds

    def _read(
        self, group: list[int], places: _Places, magnitude: bool, values: np.ndarray, stds: np.ndarray
    ) -> None:
        """Sets the values and stds of those quantities that are read off components, or off the magnitude."""
        readings = [self.readings[k] for k in group]
        scalars = {
            component: _magnitude(places.field) if component is None else places.field[..., component]
            for component in {read.functional.component for read in readings}
        }
        extremes = [k for k in group if self.readings[k].functional.statistic in ("max", "min")]
        if extremes:
            keys = [self.readings[k].functional for k in extremes]
            points = [_extreme(key, scalars[key.component])[..., None] for key in keys]
            index = np.stack(
                [places.index(place, key) for place, key in zip(points, keys, strict=True)], axis=1
            )
            mean, std = places.at(index, magnitude, np.ones(1))
            values[:, extremes], stds[:, extremes] = self._by_query(mean), self._by_query(std)
        for k in (k for k in group if k not in extremes):
            read = self.readings[k]
            selection = read.selection
            weight = _weights(selection, self._shape[1])
            if selection is not None and selection.index is not None:
                place = np.broadcast_to(selection.index, (len(places.field), self._shape[0], len(weight)))
                mean, std = places.at(places.index(place, read.functional)[:, None], magnitude, weight)
            else:
                mean, std = places.everywhere(read.functional, scalars[read.functional.component], weight)
            values[:, [k]], stds[:, [k]] = self._by_query(mean), self._by_query(std)

    def _scale(
        self, model: FieldModel | FieldView | TimeByTime, rows: int
    ) -> tuple[np.ndarray | float, np.ndarray | float]:
        """Factor and offset (rows, 1, 1) of the field's unit, one row for each latent vector."""
        if not isinstance(model, FieldView):
            return 1.0, 0.0
        repeats = rows // max(len(model.factor), 1)
        factor, offset = (np.repeat(part.reshape(-1), repeats) for part in (model.factor, model.offset))
        return factor[:, None, None], offset[:, None, None]

    def _by_query(self, numbers: np.ndarray) -> np.ndarray:
        """(rows, k, t of the instant) as (q, k, t): a model of single times has a row for each."""
        if self._times == self._shape[0]:
            return numbers
        return numbers.reshape(-1, self._times, numbers.shape[1]).swapaxes(1, 2)


def is_linear(decoder: FieldModel | TimeByTime) -> bool:
    """Whether every value of the field is a sum of latent coordinates with fixed weights, and no bound cuts it."""
    instant = decoder.instant if isinstance(decoder, TimeByTime) else decoder
    bounded = decoder.scaling is not None and decoder.scaling.bounded
    return instant.affine and not instant.logarithmic and not bounded


def is_sum(key: Functional) -> bool:
    return key.statistic in ("mean", "point") and key.component is not None


def _magnitude(vectors: np.ndarray) -> np.ndarray:
    """The lengths (...) of vectors (..., c)."""
    square = np.square(vectors[..., 0])
    for component in range(1, vectors.shape[-1]):
        square += np.square(vectors[..., component])
    return np.sqrt(square, out=square)


def _extreme(key: Functional, scalar: np.ndarray) -> np.ndarray:
    """Where scalars (rows, t, points) are largest or least, (rows, t)."""
    return scalar.argmax(axis=-1) if key.statistic == "max" else scalar.argmin(axis=-1)


def _weights(selection: Selection | None, points: int) -> np.ndarray:
    return np.full(points, 1.0 / points) if selection is None else selection.weight


@dataclass(frozen=True, eq=False)
class WeightedSums:
    """k weighted sums of single components: value = constant + z . vector, variance = sigma^2 . vector^2 + lost^2.

    constant, lost: (k, t). vectors: (r, k t).
    """

    constant: np.ndarray
    vectors: np.ndarray
    lost: np.ndarray

    @classmethod
    def of(cls, readings: Sequence[Reading], model: FieldModel) -> WeightedSums:
        origin = model.origin.reshape(model.shape)
        factors, rows = model.factored_modes
        modes = rows.reshape(-1, *model.shape)
        lost_std = np.sqrt(model.truncation_variance).reshape(model.shape)
        constant, vectors, lost = [], [], []
        for read in readings:
            selection, component = read.selection, read.functional.component
            weight = _weights(selection, model.shape[1])
            index = slice(None) if selection is None or selection.index is None else selection.index
            constant.append(origin[:, index, component] @ weight)
            # Mode by mode: a component of all of them together would be a copy of the modes.
            of_rows = np.stack([row[:, index, component] @ weight for row in modes])
            vectors.append(factors[:, None] * of_rows)
            lost.append(lost_std[:, index, component] @ weight)
        joined = np.ascontiguousarray(np.stack(vectors, axis=1).reshape(model.rank, -1))
        return cls(np.stack(constant), joined, np.stack(lost))

    def __call__(self, z: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and stds, each (rows, k, t)."""
        shape = (-1, *self.constant.shape)
        value = row_products(z, self.vectors).reshape(shape) + self.constant
        variance = row_products(np.square(sigma), np.square(self.vectors)).reshape(shape)
        return value, np.sqrt(variance + np.square(self.lost))


@dataclass(frozen=True, eq=False)
class _Places:
    """What the modes say at the places of one field that depend on the query.

    field: (rows, t, points, components), in its unit. z, sigma: (rows, r). factor, offset: of the unit.
    """

    model: FieldModel
    field: np.ndarray
    z: np.ndarray
    sigma: np.ndarray
    factor: np.ndarray | float
    offset: np.ndarray | float

    def index(self, place: np.ndarray, key: Functional) -> np.ndarray:
        """(rows, t, k, c) of the numbers at points (rows, t, k) that the functional is read off, in a flat field."""
        times, points, components = self.model.shape
        first = (np.arange(times)[:, None] * points + place)[..., None] * components
        return first + (np.arange(components) if key.component is None else key.component)

    def at(self, index: np.ndarray, magnitude: bool, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """g weighted sums over k places each: their values and stds, each (rows, g, t).

        index: (rows, g, t, k, c). weight: (k,).
        """
        values = self._taken(self.field, index)
        lost = self.model.truncation_variance[index]
        if magnitude:
            number = _magnitude(values)
            gradient = _over(values, number)
        else:
            number, gradient = values[..., 0], np.ones(values.shape)
        if self.model.logarithmic:
            # What is linear in the coordinates is the logarithm: a step of it counts in proportion to the value.
            lost = lost * np.square((values - _spread(self.offset, 2)) / _spread(self.factor, 2))
            slope = gradient * self._taken(self.model.mean(self.z), index)
        else:
            slope = gradient
        factors, rows = self.model.factored_modes
        modes = factors * np.moveaxis(np.take(rows, index, axis=1), 0, -1)
        along = np.sum(modes * (slope * weight[:, None])[..., None], axis=(-3, -2))
        variance = np.sum(np.square(along * self.sigma[:, None, None]), axis=-1)
        lost_std = np.sum(np.sqrt(np.sum(lost * np.square(gradient), axis=-1)) * weight, axis=-1)
        return np.sum(number * weight, axis=-1), self.factor * np.sqrt(variance + np.square(lost_std))

    def everywhere(
        self, key: Functional, scalar: np.ndarray, weight: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """A weighted sum over all of scalars (rows, t, points), its value and std, each (rows, 1, t)."""
        components = slice(None) if key.component is None else slice(key.component, key.component + 1)
        values = self.field[..., components]
        gradient = _over(values, scalar) if key.component is None else np.ones(values.shape)
        lost = self.model.truncation_variance.reshape(self.model.shape)[..., components]
        slope = gradient * weight[:, None]
        if self.model.logarithmic:
            lost = lost * np.square((values - _spread(self.offset, 1)) / _spread(self.factor, 1))
            slope *= self.model.mean(self.z)[..., components]
        lost_std = _magnitude(gradient * np.sqrt(lost))
        factors, rows = self.model.factored_modes
        modes = rows.reshape(-1, *self.model.shape)[..., components]
        by_time = modes.reshape(len(modes), self.model.shape[0], -1).transpose(1, 2, 0)
        flat = slope.reshape(*slope.shape[:2], -1).swapaxes(0, 1)
        along = factors * row_products(flat, by_time).swapaxes(0, 1)
        variance = np.sum(np.square(along * self.sigma[:, None]), axis=-1)
        std = np.sqrt(variance + np.square(np.sum(lost_std * weight, axis=-1)))
        return np.sum(scalar * weight, axis=-1)[:, None], self.factor * std[:, None]

    @staticmethod
    def _taken(field: np.ndarray, index: np.ndarray) -> np.ndarray:
        flat = field.reshape(len(field), -1)
        return flat[np.arange(len(flat))[:, None], index.reshape(len(index), -1)].reshape(index.shape)


def _spread(part: np.ndarray | float, more: int) -> np.ndarray | float:
    """A number for each row (rows, 1, 1), with so many more axes of one."""
    return part.reshape(*part.shape, *[1] * more) if isinstance(part, np.ndarray) else part


def _over(vectors: np.ndarray, size: np.ndarray) -> np.ndarray:
    """d magnitude / d components at vectors (..., c) of sizes (...); at zero every component counts in full."""
    zero = size == 0.0
    if not zero.any():
        return vectors / size[..., None]
    gradient = vectors / np.where(zero, 1.0, size)[..., None]
    gradient[zero] = 1.0
    return gradient
