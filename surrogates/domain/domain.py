"""The domain of the training runs: where a surrogate interpolates and may be trusted, and why not elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial import KDTree

from fieldwright.surrogates.domain.empty_regions import EmptyRegions
from fieldwright.surrogates.domain.parameter_spacing import ParameterSpacing
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

LARGEST_MARGIN = 0.05
NEIGHBOURS = 6
"""Runs about a run whose nearest-neighbour distances give the spacing there."""
ABOUT = 2
"""Nearest runs whose spacing counts for a query."""
COMMON, MARGIN = 0.95, 1.25
"""The reach is so many times the distance that this share of the runs, each left out, keeps to its nearest other."""
FENCE = 2.0
"""Interquartile ranges above the upper quartile beyond which a distance is that of a run far from all others."""
FARTHEST = 1e6
"""Largest value of `outside`."""
VAGUE = 0.7
"""Std of a prediction, as a share of the spread of all runs, from which on it is given as a reason not to trust the
mean: half of the variance is left."""


@dataclass(frozen=True, eq=False)
class Whereabouts:
    """Where q queries lie.

    outside: (q,) how far from the runs, 1 at the border of the domain and above 1 outside.
    why: for each query one sentence on why its answer may be wrong, or None.
    """

    outside: np.ndarray
    why: tuple[str | None, ...]

    @property
    def inside(self) -> np.ndarray:
        """(q,) bool, whether each query lies inside the domain."""
        return self.outside <= 1.0


@dataclass(frozen=True, eq=False)
class Domain:
    """The domain of the training runs: a query is inside when three conditions hold.

    1. Box: every parameter lies within the range of the runs, widened at each end by
       2 (maximum - minimum) / (n - 1), at most 5 %. A box that was sampled at random reaches half of that beyond its
       outermost samples on average, so a query drawn from the same box as the runs is not refused.
    2. Neighbourhood: the nearest run is no farther, in units of the spacing of the runs about it, than other runs are
       from theirs. The spacing of a run is the median of the nearest-neighbour distances of the runs about it: each
       cluster has its own, and a run far from all others has theirs.
    3. Holes: where the runs are spread over their box, the query lies in no region without runs that is larger than
       by chance (`EmptyRegions`).

    A convex hull would do in two or three dimensions; in eleven, 100 runs span next to none of their box.

    runs: (n, p), distinct; all else follows from them. minimum, maximum: (p,). spacing: distances in units of it are
    Euclidean. tree: of the places of the runs, in these units. local: spacing about each place. reach: in its units.
    holes: in the unit box of the parameters that were varied freely; none where the runs are not spread over it.
    """

    runs: np.ndarray
    minimum: np.ndarray
    maximum: np.ndarray
    spacing: ParameterSpacing
    tree: KDTree
    local: np.ndarray
    reach: float
    holes: FreeBox

    @classmethod
    def fit(cls, x: np.ndarray) -> Self:
        """Learns the domain of the runs x (n, p)."""
        # Without parameters all runs are one.
        runs = np.unique(x, axis=0) if x.shape[1] else x[:1]
        spacing = ParameterSpacing.of(runs)
        places = runs[spacing.first]
        tree = KDTree(spacing(places))
        n = len(places)
        local, reach, usual = np.ones(n), 1.0, np.ones(n, dtype=bool)
        if n > 1:
            distance, index = map(np.asarray, tree.query(tree.data, k=min(n, NEIGHBOURS + 1)))
            nearest = distance[:, 1]
            local = np.median(nearest[index], axis=1)
            # Of a run left out, in units of the spacing of the others about it.
            ratio = np.log(nearest / np.median(nearest[index[:, 1:]], axis=1))
            low, high = np.quantile(ratio, [0.25, 0.75])
            usual = ratio <= high + FENCE * (high - low) + 1e-9
            reach = MARGIN * float(np.exp(np.quantile(ratio[usual], COMMON)))
            # The middle between the levels of a grid is farther from its runs than these are from one another.
            between = 0.5 * np.sqrt(spacing.levels.sum()) / float(np.median(local))
            free = not spacing.levels.all()
            reach = (
                float(np.hypot(reach, between)) if free and between else max(reach, (1.0 + 1e-9) * between)
            )
        holes = FreeBox.of(spacing.on_scale(places[usual]), ~spacing.levels)
        return cls(runs, x.min(axis=0), x.max(axis=0), spacing, tree, local, reach, holes)

    def beyond(self, x: np.ndarray) -> np.ndarray:
        """How far each parameter of x (q, p) lies beyond the range of the runs, in units of the margin, (q, p)."""
        return np.maximum(np.maximum(self.minimum - x, x - self.maximum), 0.0) / self._margin

    @property
    def border(self) -> tuple[np.ndarray, np.ndarray]:
        """(p,) least and largest value of each parameter within the box."""
        return self.minimum - self._margin, self.maximum + self._margin

    @property
    def _margin(self) -> np.ndarray:
        """(p,) how far beyond the range of the runs a parameter is still inside."""
        share = min(LARGEST_MARGIN, 2.0 / max(len(self.runs) - 1, 1))
        # A parameter that never varied has no range: the least step from it counts.
        return np.maximum(share * (self.maximum - self.minimum), np.spacing(np.abs(self.maximum)))

    def distance(self, x: np.ndarray) -> np.ndarray:
        """The distance of each query x (q, p) to its nearest run, in units of the reach about it, (q,)."""
        if x.shape[1] == 0:
            return np.zeros(len(x))
        distance, index = self.tree.query(self.spacing(x), k=min(len(self.local), ABOUT))
        # The widest spacing of the few nearest runs: between a fine and a coarse part the coarse one counts.
        distance = distance.reshape(len(x), -1)
        # A query so far away that its distance overflows has no nearest run.
        index = np.minimum(index.reshape(len(x), -1), len(self.local) - 1)
        return distance[:, 0] / (self.reach * self.local[index].max(axis=1))

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Whether each query x (q, p) lies inside, (q,) bool."""
        return self.whereabouts(x, np.zeros(len(x)), [str(j) for j in range(x.shape[1])]).inside

    def whereabouts(self, x: np.ndarray, spread: np.ndarray, names: Sequence[str]) -> Whereabouts:
        """How far outside the queries x (q, p) lie, and why.

        The largest of: a parameter's way beyond its range, where that is more than the margin; the distance to the
        nearest run; the depth in a region without runs; and the model's own std in shares of the spread of the runs,
        at most 1, which warns inside the domain but puts no query outside: a model that is poor everywhere has no
        other domain for that. Where holes can be found, a distance within the reach counts less than they do.
        spread: (q,). names: of the p parameters.
        """
        beyond, distance = self.beyond(x), self.distance(x)
        hole = self.holes.outside(self.spacing.on_scale(x))
        furthest = beyond.max(axis=1, initial=0.0)
        near = distance if not self.holes.regions else np.where(distance > 1.0, distance, 0.0)
        outside = np.maximum.reduce(
            [np.where(furthest > 1.0, furthest, 0.0), near, hole, spread.clip(max=1.0)]
        )
        outside = np.minimum(outside, FARTHEST)
        why: list[str | None] = [None] * len(x)
        for i in np.flatnonzero((outside > 1.0) | (spread > VAGUE)).tolist():
            if furthest[i] > 1.0:
                j = int(beyond[i].argmax())
                why[i] = (
                    f"'{names[j]}' = {x[i, j]:g} lies beyond its range in the runs, "
                    f"{self.minimum[j]:g} to {self.maximum[j]:g}"
                )
            elif distance[i] > 1.0 and distance[i] >= hole[i]:
                why[i] = f"the nearest run is {distance[i]:.2g} times as far away as neighbouring runs can be"
            elif hole[i] > 1.0:
                why[i] = (
                    f"it lies in a gap between the runs, {hole[i]:.2g} times as large as gaps that arise by chance"
                )
            else:
                why[i] = f"the model's own std is {spread[i]:.0%} of the spread of all runs"
        return Whereabouts(outside, tuple(why))

    def graph(self, x: Node, spread: Node) -> Node:
        """How far outside, (), the query x (p,) lies; spread: () as `whereabouts` has it."""
        way = graph.maximum(graph.maximum(self.minimum - x, x - self.maximum), 0.0) / self._margin
        furthest = way.largest()
        u = self.spacing.graph(x)
        squares = graph.square(u / self.spacing.unit - np.asarray(self.tree.data)).sum()
        places = len(self.local)
        nearest = squares.nearest(min(places, ABOUT))
        table = np.broadcast_to(self.local[:, None], (*nearest.shape, places, 1))
        wide = graph.pick(table, nearest).reshape(-1).largest()
        distance = graph.sqrt(-(-squares).largest()) / (self.reach * wide)
        near = distance
        parts = [graph.where_greater(furthest, 1.0, furthest, 0.0), graph.minimum(spread, 1.0)]
        if self.holes.regions:
            parts.append(self.holes.graph(u))
            near = graph.where_greater(distance, 1.0, distance, 0.0)
        for one in parts:
            near = graph.maximum(near, one)
        return graph.minimum(near, FARTHEST)

    def state(self) -> dict[str, np.ndarray]:
        """The runs, from which all else follows."""
        return {"runs": self.runs}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Restore the domain from `state()` of any version, each of which holds the runs."""
        return cls.fit(np.asarray(state["runs"], dtype=np.float64))


@dataclass(frozen=True, eq=False)
class FreeBox:
    """The box of the parameters that were varied freely, and its regions without runs.

    free: (p,) bool, which those are. low, width: (c,) of the box. regions: none where holes cannot be found.
    """

    free: np.ndarray
    low: np.ndarray
    width: np.ndarray
    regions: tuple[EmptyRegions, ...]

    @classmethod
    def of(cls, u: np.ndarray, free: np.ndarray) -> Self:
        """Of the places u (n, p) of the runs, those left out that lie far from all others."""
        free = free & (np.ptp(u, axis=0) > 0.0)
        varied = u[:, free]
        low, width = varied.min(axis=0), np.ptp(varied, axis=0)
        return cls(free, low, width, EmptyRegions.both(np.unique((varied - low) / width, axis=0)))

    def outside(self, u: np.ndarray) -> np.ndarray:
        """How deep the queries u (q, p) lie in a region without runs, (q,), above 1 deeper than by chance."""
        depth = np.zeros(len(u))
        at = (u[:, self.free] - self.low) / self.width
        within = np.all((at >= 0.0) & (at <= 1.0), axis=1)
        for region in self.regions if within.any() else ():
            depth[within] = np.maximum(depth[within], region.outside(at[within]))
        return depth

    def graph(self, u: Node) -> Node:
        """How deep the query u (p,) lies in a region without runs, (); there must be such regions."""
        at = (u.take(np.flatnonzero(self.free)) - self.low) / self.width
        depth = graph.constant(0.0)
        for region in self.regions:
            depth = graph.maximum(depth, region.graph(at))
        beyond = graph.maximum(-at, at - 1.0).largest()
        return graph.where_greater(beyond, 0.0, 0.0, depth)
