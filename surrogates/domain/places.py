"""The places of runs in the space of their parameters: runs with equal parameters lie at one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

LARGEST_STEP = 5e-3
STEPS_PER_RUN = 0.1
"""Of a parameter's range over the number of runs: less than a tenth of an even spacing is no step of a design."""
ROUND_OFF = 64.0 * np.finfo(float).eps


def places(x: np.ndarray, decades: bool = True, exact: bool = False) -> np.ndarray:
    """The place (n,) of each of the runs x (n, p), numbered as they first appear.

    Runs lie at one place where all their parameters agree, exactly or but for the last digits: to a tenth of an even
    spacing of n runs over the range, at most 0.5 % of it, or of the value itself for a parameter that spans decades.
    Without parameters each run is a place of its own: such runs differ by how they begin.
    decades: whether values near zero may differ by less than others; False for inputs scaled about zero.
    exact: whether only round-off is no difference.
    """
    n, p = x.shape
    if p == 0 or n < 2:
        return np.arange(n)
    levels = []
    for column in np.asarray(x, dtype=np.float64).T:
        levels.append(_levels(column, decades, exact))
        # Where one parameter has a value of its own in every run, the others need not be looked at.
        if levels[-1].max() == n - 1:
            return np.arange(n)
    labels = np.column_stack(levels)
    _, first, place = np.unique(labels, axis=0, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    return rank[place.ravel()]


@dataclass(frozen=True, eq=False)
class MeansByPlace:
    """Runs pooled by place: the means x (m, p) and z (m, r) of each place, and the place (n,) of each run.

    Runs that lie closely beside each other differ in z by the slope between them: at the mean of their parameters the
    mean of z is right to second order.
    """

    x: np.ndarray
    z: np.ndarray
    place: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, z: np.ndarray) -> Self:
        """Runs x (n, p), scaled about zero, z (n, r)."""
        place = places(x, decades=False)
        first = np.unique(place, return_index=True)[1]
        if len(first) == len(x):
            return cls(x, z, place)
        return cls(_means(x, place), _means(z, place), place)

    def left_out(self, errors: np.ndarray, z: np.ndarray) -> np.ndarray:
        """Errors (n, r) of runs z predicted without their place, of the errors (m, r) of the means of the places."""
        return errors[self.place] + (z - self.z[self.place])


def _means(values: np.ndarray, place: np.ndarray) -> np.ndarray:
    """(m, k) the means of values (n, k) at each place."""
    sums = np.zeros((int(place.max()) + 1, values.shape[1]))
    np.add.at(sums, place, values)
    return sums / np.bincount(place)[:, None]


def _levels(column: np.ndarray, decades: bool, exact: bool) -> np.ndarray:
    """The level (n,) of each value: sorted, a new one begins where a step is large enough to be meant."""
    order = np.argsort(column, kind="stable")
    values = column[order]
    steps, spread = np.diff(values), values[-1] - values[0]
    size = np.maximum(np.abs(values[1:]), np.abs(values[:-1])) if decades else np.full(len(steps), spread)
    share = 0.0 if exact else min(LARGEST_STEP, STEPS_PER_RUN / len(column))
    # A step of round-off is none, however small the range is.
    least = np.maximum(share * np.minimum(spread, size), ROUND_OFF * np.maximum(spread, size))
    levels = np.empty(len(column), dtype=np.int64)
    levels[order] = np.concatenate([[0], np.cumsum(steps > least)])
    return levels
