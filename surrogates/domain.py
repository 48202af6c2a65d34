"""The domain of the training runs: where a surrogate interpolates and may be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial.distance import cdist

LARGEST_MARGIN = 0.05
REACH = 2.0


@dataclass(frozen=True, eq=False)
class Domain:
    """A query is inside when both hold:

    1. Box: every parameter lies within the range of the runs, widened at each end by
       (maximum - minimum) / (n - 1), at most 5 %. A box that was sampled evenly reaches that much beyond its
       outermost samples on average, so a query drawn from the same box as the runs is not refused.
    2. Neighbourhood: the nearest run is no farther than twice the largest distance that any run has to its
       own nearest neighbour. Distances are Euclidean, each parameter in units of the largest gap between its
       neighbouring values among the runs, so that two levels of one parameter beside twenty of another are
       neighbours still. This refuses the empty corners of a box whose parameters were varied together.

    A convex hull would do in two or three dimensions; in eleven, 100 runs span next to none of their box.

    minimum, maximum, gap: (p,) in the parameters' units. runs: (n, p), distinct. reach: in units of the gaps.
    """

    minimum: np.ndarray
    maximum: np.ndarray
    gap: np.ndarray
    runs: np.ndarray
    reach: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray) -> Self:
        """Learns the domain of the runs x (n, p)."""
        runs = np.unique(x, axis=0)
        gap = np.array([np.diff(np.unique(column)).max(initial=0.0) for column in runs.T])
        gap[gap == 0.0] = 1.0
        distance = cdist(runs / gap, runs / gap)
        np.fill_diagonal(distance, np.inf)
        nearest = distance.min(axis=1)
        reach = REACH * nearest.max() if len(runs) > 1 else 0.0
        return cls(x.min(axis=0), x.max(axis=0), gap, runs, np.array(reach))

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Whether each query x (q, p) lies inside, (q,) bool."""
        share = min(LARGEST_MARGIN, 1.0 / max(len(self.runs) - 1, 1))
        margin = share * (self.maximum - self.minimum)
        in_box = np.all((x >= self.minimum - margin) & (x <= self.maximum + margin), axis=1)
        near = cdist(x / self.gap, self.runs / self.gap).min(axis=1) <= self.reach
        return in_box & near

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {name: getattr(self, name) for name in ("minimum", "maximum", "gap", "runs", "reach")}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The domain again."""
        return cls(**state)
