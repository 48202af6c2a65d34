"""The domain of an equation as plain data: which points lie inside, decided without DeepXDE and without user code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from fieldwright.physics.equations.problem import Problem

TOLERANCE = 1e-9
"""Of points on the boundary, in shares of the size of the domain: they count as inside."""
NEAR = 1e-6
"""How far beside a point, in the same shares, the domain is looked for where edges of two shapes touch."""


@dataclass(frozen=True, eq=False)
class Region:
    """A box of all coordinates, and within it a shape in space, as JSON holds it; None where the box is the shape.

    low, high: (d,) corners. shape: {"ball": [centre, radius]}, {"box": [low, high]}, or {"union": [shape, shape]},
    "both" and "without" likewise. exact: False where the true shape is none of these, and its box stands for it.
    """

    low: np.ndarray
    high: np.ndarray
    shape: Mapping[str, Any] | None = None
    exact: bool = True

    @classmethod
    def of(cls, problem: Problem) -> Region:
        """The domain of an equation."""
        low, high = problem.bounds
        if problem.geometry is None:
            return cls(low, high)
        shape = _shape(problem.geometry)
        if shape is None:
            return cls(low, high, exact=False)
        return cls(low, high, None if "box" in shape else shape)

    def inside(self, points: np.ndarray) -> np.ndarray:
        """Whether each of points (n, d) lies inside or on the boundary, (n,) bool."""
        size = np.maximum(self.high - self.low, np.finfo(float).tiny)
        depth = np.minimum(points - self.low, self.high - points) / size
        depth_inside = depth.min(axis=1)
        if self.shape is not None:
            depth_inside = np.minimum(depth_inside, _depth(self.shape, points))
        inside = depth_inside >= -TOLERANCE
        if self.shape is not None:
            rows = np.flatnonzero(inside & _where_edges_touch(self.shape, points))
            inside[rows] = self._has_inside_near(points[rows])
        return inside

    def _has_inside_near(self, points: np.ndarray) -> np.ndarray:
        """Whether some place beside each of points (n, d) lies truly inside, (n,) bool."""
        assert self.shape is not None
        n_axes = len(self.low)
        steps = np.array(list(product((-1.0, -0.5, 0.0, 0.5, 1.0), repeat=n_axes))) * (self.high - self.low)
        beside = (points[:, None] + NEAR * steps).reshape(-1, n_axes)
        depth = np.minimum(
            np.minimum(beside - self.low, self.high - beside).min(axis=1), _depth(self.shape, beside)
        )
        return np.max(depth.reshape(len(points), len(steps)), axis=1, initial=-1.0) > 0.0

    def state(self) -> dict[str, Any]:
        """All of it as JSON holds it."""
        return {
            "low": self.low.tolist(),
            "high": self.high.tolist(),
            "shape": self.shape,
            "exact": self.exact,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Region:
        """Takes what `state` gave."""
        return cls(np.array(state["low"]), np.array(state["high"]), state["shape"], state["exact"])


def _shape(geometry: Any) -> dict[str, Any] | None:
    """DeepXDE's geometry as plain data; None for one that is not known here."""
    from fieldwright.physics.pinn.deepxde_torch import dde

    kinds = dde.geometry
    if isinstance(geometry, kinds.Hypersphere):
        return {"ball": [np.asarray(geometry.center, dtype=float).tolist(), float(geometry.radius)]}
    if isinstance(geometry, kinds.Interval | kinds.Hypercube):
        low, high = geometry.bbox
        return {
            "box": [np.asarray(low, dtype=float).tolist(), np.asarray(high, dtype=float).tolist()],
        }
    pairs = {
        "union": kinds.csg.CSGUnion,
        "both": kinds.csg.CSGIntersection,
        "without": kinds.csg.CSGDifference,
    }
    for name, kind in pairs.items():
        if isinstance(geometry, kind):
            parts = [_shape(geometry.geom1), _shape(geometry.geom2)]
            return None if None in parts else {name: parts}
    return None


def _depth(shape: Mapping[str, Any], points: np.ndarray) -> np.ndarray:
    """How deep points lie inside, in shares of the shape's size; negative outside, (n,)."""
    ((kind, about),) = shape.items()
    if kind == "ball":
        centre, radius = np.array(about[0]), about[1]
        return (radius - np.linalg.norm(points[:, : len(centre)] - centre, axis=1)) / radius
    if kind == "box":
        low, high = np.array(about[0]), np.array(about[1])
        x = points[:, : len(low)]
        return (np.minimum(x - low, high - x) / (high - low)).min(axis=1)
    first, second = (_depth(part, points) for part in about)
    if kind == "union":
        return np.maximum(first, second)
    return np.minimum(first, second if kind == "both" else -second)


def _where_edges_touch(shape: Mapping[str, Any], points: np.ndarray) -> np.ndarray:
    """Whether points lie on an edge of a shape and of what is taken from it, (n,) bool: nothing may be left there."""
    ((kind, about),) = shape.items()
    if kind in ("ball", "box"):
        return np.zeros(len(points), dtype=bool)
    touch = _where_edges_touch(about[0], points) | _where_edges_touch(about[1], points)
    if kind == "without":
        first, second = (np.abs(_depth(part, points)) for part in about)
        touch |= (first <= TOLERANCE) & (second <= TOLERANCE)
    return touch
