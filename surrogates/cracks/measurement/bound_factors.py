"""By how much bounds are widened so that they hold what a trained network found, for each class of widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

CLASSES = 3.0, 6.0, 12.0
"""px of mean width at which one class ends and the next begins."""
COVERAGE = 0.9
FEWEST = 19
"""Cracks from which on there is a quantile that one more crack stays below with (1 + COVERAGE) / 2."""
OF_A_CLASS = 38
"""Cracks from which on a class learns from its own alone: those that others lend it are mostly easier."""
MIDDLES = np.log([2.0, 4.2, 8.5, 17.0])
"""Log of the px of width that a class is about, where cracks of other classes must help out."""


@dataclass(frozen=True, eq=False)
class BoundCheck:
    """Measured cracks beside the truth about them.

    width: (n,) px, the measured mean width. below, above: (n, 4) by how many `widening_units` the truth lies beyond
    the lower and the upper bound of length, mean, 95 % and greatest width, negative within them. turned: (n,) by how
    many of its half-widths the truth of the direction is off, to either side. surface: (n,) on which it lies.
    """

    width: np.ndarray
    below: np.ndarray
    above: np.ndarray
    turned: np.ndarray
    surface: np.ndarray

    @classmethod
    def joined(cls, checks: Sequence[BoundCheck]) -> Self:
        """All of them, one after the other."""
        return cls(*(np.concatenate([getattr(one, name) for one in checks]) for name in cls.__annotations__))

    @property
    def classes(self) -> np.ndarray:
        """(n,) the class of widths of each."""
        return np.searchsorted(CLASSES, self.width, side="right")


@dataclass(frozen=True, eq=False)
class BoundFactors:
    """What bounds are widened by, so that each side holds 95 % of the cracks of a class of widths.

    below, above: (classes, 4) `widening_units` of length, mean, 95 % and greatest width, 0 at least.
    turned: (classes,) factor of the direction's half-width, 1 at least.
    """

    below: np.ndarray
    above: np.ndarray
    turned: np.ndarray

    @classmethod
    def fit(cls, check: BoundCheck) -> Self:
        """Learns from FEWEST cracks at least; a class of fewer than OF_A_CLASS takes in those next in width."""
        log_width = np.log(np.maximum(check.width, 0.5))
        below, above, turned = [], [], []
        for k, middle in enumerate(MIDDLES):
            rows = np.flatnonzero(check.classes == k)
            if len(rows) < OF_A_CLASS:
                rows = np.argsort(np.abs(log_width - middle), kind="stable")[:OF_A_CLASS]
            one_side, surfaces = 0.5 * (1.0 + COVERAGE), len(np.unique(check.surface[rows]))
            below.append(_quantile(check.below[rows], one_side, surfaces))
            above.append(_quantile(check.above[rows], one_side, surfaces))
            turned.append(_quantile(check.turned[rows], COVERAGE, surfaces))
        # What outlines and pixels leave open stays open, however well the few surfaces went.
        below, above = (np.maximum(np.array(units), 0.0) for units in (below, above))
        return cls(below, above, np.maximum(np.array(turned), 1.0))

    def of(self, width: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Units below (4,) and above (4,), and factor of the direction, for a crack of this mean width, px."""
        k = int(np.searchsorted(CLASSES, width, side="right"))
        return self.below[k], self.above[k], float(self.turned[k])

    def holds(self, check: BoundCheck) -> np.ndarray:
        """(n, 5) bool, whether the widened bounds hold the truth of length, three widths and direction."""
        k = check.classes
        sizes = (check.below <= self.below[k]) & (check.above <= self.above[k])
        return np.concatenate([sizes, (check.turned <= self.turned[k])[:, None]], axis=1)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return dict(vars(self))

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The factors again."""
        return cls(**state)


@dataclass(frozen=True, eq=False)
class MeasurementFactors:
    """Those of single cracks, and those of all cracks of a photo together."""

    single: BoundFactors
    together: BoundFactors


def _quantile(values: np.ndarray, level: float, surfaces: int) -> np.ndarray:
    """Of values (n, ...), the one that those of a further surface stay below with this probability.

    Whatever they are like, it takes one more of n values of their own to be sure of that; cracks of one surface
    resemble each other and make one value.
    """
    rank = min(int(np.ceil(level * len(values) * (1.0 + 1.0 / surfaces))), len(values))
    return np.sort(values, axis=0)[rank - 1]
