"""A scaled field at given queries, converted back to its unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class LinearChanges:
    """Changes of a field with its coordinates that do not depend on where these are.

    modes: (r, 1 or t, points, components), up to factors that are in spreads: (r, q, 1 or t) of one std each.
    """

    modes: np.ndarray
    spreads: np.ndarray


class Decoder(Protocol):
    """A map from scaled coordinates to a field, by whole trajectories or time by time."""

    def mean(self, z: np.ndarray) -> np.ndarray:
        """The field (q, t, points, components) of scaled coordinates z (q, r)."""
        ...

    def std(self, z: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """The std (q, t, points, components) of the field where z has the std sigma, both (q, r)."""
        ...

    def lost_variance(self, mean: np.ndarray) -> np.ndarray:
        """The variance (q, t, points, components) that the reduction loses, about fields `mean`."""
        ...

    def rounding(self, mean: np.ndarray) -> np.ndarray | float:
        """Size of the rounding errors of the field, or of a number (q, t) read off it, at the value `mean`."""
        ...

    def linear(self, z: np.ndarray, sigma: np.ndarray) -> LinearChanges | None:
        """The changes of the field with one std of each coordinate, where they are modes; else None."""
        ...

    def sensitivities(self, z: np.ndarray, sigma: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each coordinate r the change of the field with one std of it, as two factors.

        They are a field (1 or q, 1 or t, points, components) and numbers (q, 1 or t).
        """
        ...


@dataclass(frozen=True, eq=False)
class FieldView:
    """field = factor * scaled field + offset, the scaled field from `FieldModel`, for q queries of known parameters.

    Factor and offset are known exactly, so every std is the factor times that of the scaled field.

    factor, offset: (q, 1, 1, 1), factor > 0. low, high: bounds to which predicted values are clipped.
    """

    model: Decoder
    factor: np.ndarray
    offset: np.ndarray
    low: float = -np.inf
    high: float = np.inf

    def mean(self, z: np.ndarray) -> np.ndarray:
        """The field (q, t, points, components) of scaled coordinates z (q, r)."""
        free = self.offset + self.factor * self.model.mean(z)
        return np.clip(free, self.low, self.high, out=free)

    def std(self, z: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        """The std (q, t, points, components) of the field where z has the std sigma, both (q, r)."""
        return self.factor * self.model.std(z, sigma)

    def lost_variance(self, mean: np.ndarray) -> np.ndarray:
        """The variance (q, t, points, components) that the reduction loses, about fields `mean`."""
        return self.factor**2 * self.model.lost_variance((mean - self.offset) / self.factor)

    def rounding(self, mean: np.ndarray) -> np.ndarray | float:
        """Size of the rounding errors of the field, or of a number (q, t) read off it, at the value `mean`."""
        shape = (-1, *(1,) * (mean.ndim - 1))
        factor, offset = self.factor.reshape(shape), self.offset.reshape(shape)
        return factor * self.model.rounding((mean - offset) / factor)

    def linear(self, z: np.ndarray, sigma: np.ndarray) -> LinearChanges | None:
        """The changes of the field with one std of each coordinate, where they are modes; else None."""
        scaled = self.model.linear(z, sigma)
        if scaled is None:
            return None
        return LinearChanges(scaled.modes, self.factor.reshape(-1, 1) * scaled.spreads)

    def sensitivities(self, z: np.ndarray, sigma: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each coordinate r the change of the field with one std of it, as two factors; see `Decoder`."""
        for change, spread in self.model.sensitivities(z, sigma):
            yield change, self.factor.reshape(-1, 1) * spread
