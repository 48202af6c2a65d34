"""The domain of the training runs: where a surrogate interpolates and may be trusted, and why not elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial.distance import cdist

LARGEST_MARGIN = 0.05
REACH = 2.0
FARTHEST = 1e6
"""Largest number that is told for it."""
VAGUE = 0.7
"""Own std, in shares of the spread of all runs, from which on it is named as the reason not to trust a mean: half of
the variance is left."""


@dataclass(frozen=True, eq=False)
class Whereabouts:
    """Where q queries lie.

    outside: (q,) how far from the runs, 1 at the border of the domain and above it outside.
    why: for each query what speaks against it in one sentence, or None.
    """

    outside: np.ndarray
    why: tuple[str | None, ...]

    @property
    def inside(self) -> np.ndarray:
        """(q,) bool, whether each query lies inside the domain."""
        return self.outside <= 1.0


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
        # Without parameters all runs are one.
        runs = np.unique(x, axis=0) if x.shape[1] else x[:1]
        gap = np.array([np.diff(np.unique(column)).max(initial=0.0) for column in runs.T])
        gap[gap == 0.0] = 1.0
        distance = cdist(runs / gap, runs / gap)
        np.fill_diagonal(distance, np.inf)
        nearest = distance.min(axis=1)
        reach = REACH * nearest.max() if len(runs) > 1 else 0.0
        return cls(x.min(axis=0), x.max(axis=0), gap, runs, np.array(reach))

    def beyond(self, x: np.ndarray) -> np.ndarray:
        """How far each parameter of x (q, p) lies beyond the range of the runs, in units of the margin, (q, p)."""
        share = min(LARGEST_MARGIN, 1.0 / max(len(self.runs) - 1, 1))
        # A parameter that never varied has no range: the least step from it counts.
        margin = np.maximum(share * (self.maximum - self.minimum), np.spacing(np.abs(self.maximum)))
        return np.maximum(np.maximum(self.minimum - x, x - self.maximum), 0.0) / margin

    def distance(self, x: np.ndarray) -> np.ndarray:
        """The distance of each query x (q, p) to its nearest run, in units of the reach, (q,)."""
        if x.shape[1] == 0:
            return np.zeros(len(x))
        nearest = cdist(x / self.gap, self.runs / self.gap).min(axis=1)
        return nearest / max(float(self.reach), np.finfo(float).tiny)

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Whether each query x (q, p) lies inside, (q,) bool."""
        return self.whereabouts(x, np.zeros(len(x)), [str(j) for j in range(x.shape[1])]).inside

    def whereabouts(self, x: np.ndarray, spread: np.ndarray, names: Sequence[str]) -> Whereabouts:
        """How far outside the queries x (q, p) lie, and why.

        The largest of: a parameter's way beyond its range, where that is more than the margin; the distance to the
        nearest run; and the model's own std in shares of the spread of the runs, at most 1, which warns inside the
        domain but puts no query outside: a model that is poor everywhere has no other domain for that.
        spread: (q,). names: of the p parameters.
        """
        beyond, distance = self.beyond(x), self.distance(x)
        furthest = beyond.max(axis=1, initial=0.0)
        outside = np.maximum.reduce([np.where(furthest > 1.0, furthest, 0.0), distance, spread.clip(max=1.0)])
        outside = np.minimum(outside, FARTHEST)
        why: list[str | None] = [None] * len(x)
        for i in np.flatnonzero((outside > 1.0) | (spread > VAGUE)).tolist():
            if furthest[i] > 1.0:
                j = int(beyond[i].argmax())
                why[i] = (
                    f"'{names[j]}' = {x[i, j]:g} lies beyond its range in the runs, "
                    f"{self.minimum[j]:g} to {self.maximum[j]:g}"
                )
            elif distance[i] > 1.0:
                why[i] = f"the nearest run is {distance[i]:.2g} times as far away as neighbouring runs can be"
            else:
                why[i] = f"the model's own std is {spread[i]:.0%} of the spread of all runs"
        return Whereabouts(outside, tuple(why))

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {name: getattr(self, name) for name in ("minimum", "maximum", "gap", "runs", "reach")}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The domain again."""
        return cls(**state)
