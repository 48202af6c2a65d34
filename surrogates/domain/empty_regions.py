"""Holes among runs that are spread over a box: the largest region without a run that holds a place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from scipy.special import gammaln

from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

REGIONS = 300
STEPS = 16
SEED = 0
FEWEST_RUNS = 8
FEW_RUNS = 256
MOST_PARAMETERS = 6
"""With more, a region without a run is as large as the box, whatever the design."""
MOST_EMPTY = 0.35
"""Share of a box that may be emptier than by chance for its runs to count as spread over it."""
UNLIKELY = 3.0
"""A region in which so many runs are to be expected is empty in one of exp(3) = 20 random designs."""


@dataclass(frozen=True, eq=False)
class EmptyRegions:
    """Balls and cubes without a run, each grown from a random start to a local maximum of its volume in the box.

    The distance to the nearest run does not show a hole: it is small at the rim of a hole and large in the corners of
    a box. The measure of a hole is the number of runs to be expected in an empty region that contains the place, n
    times its share of the box. That number times (1 - r^2)^(1/2), with r = 0 in the middle of a ball and 1 at its
    border (r^4 in cubes), is compared with the largest of random designs of 10 to 200 runs at one of 20 places.

    order: 2 for balls, inf for cubes. centres: (m, p). radius: (m,). count: (m,) runs to be expected. runs: (n, p).
    """

    order: float
    centres: np.ndarray
    radius: np.ndarray
    count: np.ndarray
    runs: np.ndarray

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.runs)

    @classmethod
    def both(cls, u: np.ndarray) -> tuple[Self, ...]:
        """Of runs u (n, p) in the unit box; none where they are too few or not spread over the box."""
        n, p = u.shape
        if n < FEWEST_RUNS or not 1 <= p <= MOST_PARAMETERS:
            return ()
        places = np.random.default_rng(SEED).random((REGIONS, p))
        around = _expected(places, KDTree(u).query(places)[0], n, 2.0)
        if np.mean(around > UNLIKELY) > MOST_EMPTY:
            return ()
        return cls.grown(u, 2.0), cls.grown(u, np.inf)

    @classmethod
    def grown(cls, u: np.ndarray, order: float) -> Self:
        """Of one form, by steps away from the nearest run and at random, as long as the region grows."""
        n, p = u.shape
        rng, tree = np.random.default_rng(SEED), KDTree(u)
        centre = rng.random((REGIONS, p))
        radius, nearest = map(np.asarray, tree.query(centre, p=order))
        count = _expected(centre, radius, n, order)
        for step in range(STEPS):
            away = centre - u[nearest]
            if np.isinf(order):
                away = np.where(np.abs(away) == np.abs(away).max(axis=1, keepdims=True), away, 0.0)
            away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), np.finfo(float).tiny)
            sideways = rng.normal(size=centre.shape) / np.sqrt(p)
            length = 0.5 * radius * (1.0 - step / STEPS)
            moved = np.clip(centre + length[:, None] * (away + sideways), 0.0, 1.0)
            reached, beside = map(np.asarray, tree.query(moved, p=order))
            more = _expected(moved, reached, n, order)
            better = more > count
            centre[better], radius[better], nearest[better] = moved[better], reached[better], beside[better]
            count[better] = more[better]
        return cls(order, centre, radius, count, u)

    def outside(self, u: np.ndarray) -> np.ndarray:
        """How deep each place u (q, p) lies in an empty region, (q,): above 1 deeper than by chance."""
        cubes = np.isinf(self.order)
        metric = "chebyshev" if cubes else "euclidean"
        ratio = cdist(u, self.centres, metric) / self.radius
        deep = np.sqrt(np.clip(1.0 - ratio ** (4 if cubes else 2), 0.0, None))
        n = len(self.runs)
        # Of few runs all distances are there sooner than a tree is asked.
        few = n <= FEW_RUNS
        nearest = cdist(u, self.runs, metric).min(axis=1) if few else self._tree.query(u, p=self.order)[0]
        around = _expected(u, nearest, n, self.order)
        return np.maximum((self.count * deep).max(axis=1), around) / self._chance

    def graph(self, u: Node) -> Node:
        """How deep the place u (p,) lies in an empty region."""
        cubes, (n, p) = np.isinf(self.order), self.runs.shape

        def distances(others: np.ndarray) -> Node:
            way = u - others
            return graph.absolute(way).largest() if cubes else graph.sqrt(graph.square(way).sum())

        share = graph.square(distances(self.centres) / self.radius)
        deep = graph.sqrt(graph.maximum(1.0 - (graph.square(share) if cubes else share), 0.0))
        half = -(-distances(self.runs)).largest() * _half_of_cube(p, self.order)
        sides = graph.minimum(u + half, 1.0) - graph.maximum(u - half, 0.0)
        around = graph.constant(float(n))
        for j in range(p):
            around = around * sides.take(np.array(j))
        return graph.maximum((self.count * deep).largest(), around) / self._chance

    @property
    def _chance(self) -> float:
        """The largest by chance: 95 % quantiles of random designs, and of those with a hole of a fifth of the box."""
        n, p = self.runs.shape
        return ((6.0 + 1.3 * p) if np.isinf(self.order) else (5.8 + 0.9 * p)) * (n / 60.0) ** 0.2


def _expected(centre: np.ndarray, radius: np.ndarray, n: int, order: float) -> np.ndarray:
    """Return n times the share of the unit box in each region, (m,)."""
    half = (radius * _half_of_cube(centre.shape[1], order))[:, None]
    return n * np.prod(np.minimum(centre + half, 1.0) - np.maximum(centre - half, 0.0), axis=1)


def _half_of_cube(p: int, order: float) -> float:
    """Half the side of the cube that stands for a region of radius 1; for a ball, the cube of its volume."""
    if np.isinf(order):
        return 1.0
    return float(np.exp((0.5 * p * np.log(np.pi) - gammaln(0.5 * p + 1.0)) / p - np.log(2.0)))
