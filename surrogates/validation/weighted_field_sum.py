"""Means of fields over their points with other weights than those of the cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.fields import functional
from fieldwright.surrogates.fields.functional import Functional, Selection
from fieldwright.surrogates.validation.out_of_fold import PredictedBlock
from fieldwright.surrogates.validation.scores import OutOfFoldValues


@dataclass(eq=False)
class WeightedFieldSum:
    """The mean of a field over its points with other weights than those of the cross-validation.

    Its std is assumed to change as the mean of the pointwise stds does, since the predicted covariance of the points
    is no longer available.

    old, new: (points,) shares. true, mean, before, after: (n, t) sums so far of the true and predicted values with
    the new shares, and of the stds with the old and the new ones.
    """

    key: Functional
    old: np.ndarray
    new: np.ndarray
    true: np.ndarray
    mean: np.ndarray
    before: np.ndarray
    after: np.ndarray

    @classmethod
    def of(
        cls, key: Functional, shape: tuple[int, ...], old: np.ndarray | None, new: np.ndarray | None
    ) -> Self:
        """Of no point yet of a field of the shape (n, [t,] points, components)."""
        shares = [np.ones(shape[-2]) if one is None else one for one in (old, new)]
        times = shape[1] if len(shape) == 4 else 1
        sums = [np.zeros((shape[0], times)) for _ in range(4)]
        return cls(key, shares[0] / shares[0].sum(), shares[1] / shares[1].sum(), *sums)

    def at_points(self, start: int, stop: int) -> Self:
        """Of no point yet, to take in the points start..stop alone."""
        sums = [np.zeros_like(one) for one in (self.true, self.mean, self.before, self.after)]
        return type(self)(self.key, self.old[start:stop], self.new[start:stop], *sums)

    def take_in(self, block: PredictedBlock) -> None:
        """Takes in the block of all its points."""
        old, new = (Selection(None, one) for one in (self.old, self.new))
        self.true += functional.value(self.key, block.true.astype(np.float64), new)
        self.mean += functional.value(self.key, block.mean, new)
        self.before += functional.value(self.key, block.std, old)
        self.after += functional.value(self.key, block.std, new)

    def add(self, part: Self) -> None:
        """Takes in what was summed up over some of the points."""
        self.true += part.true
        self.mean += part.mean
        self.before += part.before
        self.after += part.after

    def reweighted(self, given: OutOfFoldValues) -> OutOfFoldValues:
        """The quantity as cross-validated, with the new weights."""
        scale = np.divide(self.after, self.before, out=np.ones_like(self.after), where=self.before > 0.0)
        return OutOfFoldValues(self.mean, given.std * scale, self.true)


def proportional(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether two sets of weights (points,) make the same mean; None means equal weights."""
    if one is None or other is None:
        weights = other if one is None else one
        return weights is None or float(np.ptp(weights)) <= 1e-9 * float(weights.max())
    return np.allclose(one / one.sum(), other / other.sum(), rtol=1e-9, atol=0.0)
