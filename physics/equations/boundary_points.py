"""Even points of the boundary of a shape, by arc length in a plane and by area in space, with outward normals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import gamma
from scipy.stats import norm

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.solvers.sampling import sobol_points

SHAPES = dde.geometry
ASIDE = 1e-6
"""How far beside the boundary both sides are looked at, in shares of the shape's size."""
CUTS = 2048  # places along an edge at which another shape may cut it
FINE = 20_000  # places of a curve by which its arc length is known


@dataclass(frozen=True, eq=False)
class Face:
    """A smooth part of the boundary of a single shape.

    measure: its length or area, 1 of an end of an interval. place: from (n, parameters) within (0, 1) to points and
    unit normals (n, d) each; equal parts of the parameters are equal parts of the measure.
    """

    measure: float
    place: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    parameters: int


def boundary_points(geometry: Any, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """About n points (., d) of the boundary of a shape and their outward normals (., d), even by length or area.

    Parameters
    ----------
    geometry : deepxde.geometry.Geometry
        An interval, box, ball, ellipse, triangle, polygon, star, or a union, difference or intersection of such.
    n : int
        Every smooth part has at least one, where there are no more parts than n.
    seed : int
        In space the points are those of a scrambled Sobol sequence.

    Raises
    ------
    FieldwrightError
        When the shape has no boundary (an empty intersection, say), or is of none of these kinds.

    Notes
    -----
    A point belongs to the boundary when the shape lies on one of its sides alone: edges that two parts share are
    neither lost nor doubled, which DeepXDE's own tests of composed shapes do.
    """
    parts = single_shapes(geometry)
    pieces: list[tuple[float, Callable[[int], tuple[np.ndarray, np.ndarray]]]] = []
    for number, part in enumerate(parts):
        sides = _Sides(geometry, parts[:number])
        for face in faces(part):
            pieces += _pieces(face, sides, n, seed + len(pieces))
    if not pieces:
        raise FieldwrightError(
            "The domain must have an inside and a boundary", "a shape that is empty", "Correct its parts"
        )
    ends = np.cumsum([measure for measure, _ in pieces])
    counts = np.diff(np.round(n * ends / ends[-1]), prepend=0.0).astype(int)
    if len(pieces) <= n:
        counts = np.maximum(counts, 1)
    placed = [draw(count) for (_, draw), count in zip(pieces, counts, strict=True) if count]
    points, normals = (np.concatenate([one[i] for one in placed]) for i in (0, 1))
    return points, normals


def single_shapes(geometry: Any) -> list[Any]:
    """The shapes that a union, difference or intersection is made of; the shape itself where it is single."""
    if hasattr(geometry, "geom1"):
        return single_shapes(geometry.geom1) + single_shapes(geometry.geom2)
    return [geometry]


def faces(shape: Any) -> list[Face]:
    """The smooth parts of the boundary of a single shape; raises FieldwrightError for a kind that is not known."""
    if isinstance(shape, SHAPES.Interval):
        return [_end(shape.l, -1.0), _end(shape.r, 1.0)]
    if isinstance(shape, SHAPES.Triangle):
        return _edges(np.array([shape.x1, shape.x2, shape.x3]))
    if isinstance(shape, SHAPES.Polygon):
        return _edges(shape.vertices)
    if isinstance(shape, SHAPES.Ellipse):
        turn = shape.rotation_mat.T
        size = np.array([shape.semimajor, shape.semiminor])
        return [_curve(lambda t: shape.center + size * np.column_stack([np.cos(t), np.sin(t)]) @ turn)]
    if isinstance(shape, SHAPES.StarShaped):
        return [
            _curve(
                lambda t: shape.center + shape._r_theta(t)[:, None] * np.column_stack([np.cos(t), np.sin(t)])
            )
        ]
    if isinstance(shape, SHAPES.Hypersphere):
        return [_ball(np.asarray(shape.center, dtype=float), float(shape.radius))]
    if isinstance(shape, SHAPES.Hypercube):
        low, high = (np.asarray(corner, dtype=float) for corner in (shape.xmin, shape.xmax))
        return [_side(low, high, axis, up) for axis in range(shape.dim) for up in (False, True)]
    raise FieldwrightError(
        "Even points of a boundary must be of an interval, box, ball, ellipse, triangle, polygon, star, or a union, "
        "difference or intersection of such",
        type(shape).__name__,
        "Make a SoftCondition with points of your own",
    )


@dataclass(frozen=True, eq=False)
class _Sides:
    """Which side of a composed shape's boundary is outside."""

    geometry: Any
    earlier: Sequence[Any]

    def out(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """1 where the normal (n, d) points outwards, -1 where inwards, 0 where the point is on no boundary (n,).

        Also 0 on the boundary of an earlier part, which has this stretch already.
        """
        low, high = (np.asarray(corner, dtype=float) for corner in self.geometry.bbox)
        step = ASIDE * float(np.linalg.norm(high - low)) * normals
        ahead, behind = (np.asarray(self.geometry.inside(points + side * step)) for side in (1, -1))
        signs = behind.astype(int) - ahead.astype(int)
        for part in self.earlier:
            signs[part.inside(points + step) != part.inside(points - step)] = 0
        return signs


def _pieces(face: Face, sides: _Sides, n: int, seed: int) -> list[tuple[float, Callable]]:
    """Those stretches of a face that are of the boundary: (measure, count -> points and outward normals)."""
    if face.parameters == 0:
        points, normals = face.place(np.zeros((1, 0)))
        out = sides.out(points, normals)
        return [(1.0, lambda count: (points, out[:, None] * normals))] if out[0] else []
    if face.parameters == 1:
        return [_stretch(face, *ends) for ends in _cut(face, sides)]
    return _patch(face, sides, n, seed)


def _cut(face: Face, sides: _Sides) -> list[tuple[float, float, int]]:
    """Begin, end and outward sign of the stretches of an edge, cuts found by bisection."""
    along = (np.arange(CUTS) + 0.5) / CUTS
    out = sides.out(*face.place(along[:, None]))
    changes = np.flatnonzero(np.diff(out))
    before, after = along[changes], along[changes + 1]
    for _ in range(40):
        middle = (before + after) / 2
        same = sides.out(*face.place(middle[:, None])) == out[changes]
        before, after = np.where(same, middle, before), np.where(same, after, middle)
    ends = [0.0, *((before + after) / 2), 1.0]
    signs = out[[0, *(changes + 1)]]
    return [(low, high, sign) for low, high, sign in zip(ends[:-1], ends[1:], signs, strict=True) if sign]


def _stretch(face: Face, low: float, high: float, sign: int) -> tuple[float, Callable]:
    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        points, normals = face.place((low + (high - low) * (np.arange(count) + 0.5) / count)[:, None])
        return points, sign * normals

    return face.measure * (high - low), draw


def _patch(face: Face, sides: _Sides, n: int, seed: int) -> list[tuple[float, Callable]]:
    """What is left of a face in space: the first points of a Sobol sequence that are of the boundary."""
    box = {str(i): (0.0, 1.0) for i in range(face.parameters)}
    many = 4096
    while True:
        points, normals = face.place(sobol_points(box, many, seed))
        out = sides.out(points, normals)
        indices = np.flatnonzero(out)
        if len(indices) >= 2 * n or many >= 2**20 or not len(indices):
            break
        many *= 4
    if not len(indices):
        return []

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        first = indices[:count]
        return points[first], out[first, None] * normals[first]

    return [(face.measure * len(indices) / many, draw)]


def _end(place: float, normal: float) -> Face:
    return Face(1.0, lambda u: (np.full((len(u), 1), float(place)), np.full((len(u), 1), normal)), 0)


def _edges(corners: np.ndarray) -> list[Face]:
    """The straight edges of a closed polygon (k, 2)."""
    edges = []
    for begin, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along = end - begin
        length = float(np.hypot(*along))
        normal = np.array([along[1], -along[0]]) / length

        def place(u: np.ndarray, begin=begin, along=along, normal=normal) -> tuple[np.ndarray, np.ndarray]:
            return begin + u * along, np.tile(normal, (len(u), 1))

        edges.append(Face(length, place, 1))
    return edges


def _curve(at: Callable[[np.ndarray], np.ndarray]) -> Face:
    """A closed curve of an angle, by its arc length."""
    angles = np.linspace(0, 2 * np.pi, FINE + 1)
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(at(angles), axis=0), axis=1))])

    def place(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        angle = np.interp(u[:, 0] * lengths[-1], lengths, angles)
        tangent = at(angle + 1e-5) - at(angle - 1e-5)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        return at(angle), np.column_stack([tangent[:, 1], -tangent[:, 0]])

    return Face(float(lengths[-1]), place, 1)


def _ball(centre: np.ndarray, radius: float) -> Face:
    """A circle by its angle; a sphere by the directions of normally distributed vectors, which favour none."""
    d = len(centre)
    if d == 2:
        return _curve(lambda t: centre + radius * np.column_stack([np.cos(t), np.sin(t)]))

    def place(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        normals = norm.ppf(np.clip(u, 1e-12, 1 - 1e-12))
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return centre + radius * normals, normals

    return Face(_unit_sphere(d) * radius ** (d - 1), place, d)


def _unit_sphere(d: int) -> float:
    """Area of the unit sphere in d dimensions, 2 pi^(d/2) / Gamma(d/2)."""
    return float(2 * np.pi ** (d / 2) / gamma(d / 2))


def _side(low: np.ndarray, high: np.ndarray, axis: int, up: bool) -> Face:
    """A side of a box."""
    free = [i for i in range(len(low)) if i != axis]
    normal = np.zeros(len(low))
    normal[axis] = 1.0 if up else -1.0

    def place(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points = np.empty((len(u), len(low)))
        points[:, axis] = (high if up else low)[axis]
        points[:, free] = low[free] + u * (high - low)[free]
        return points, np.tile(normal, (len(u), 1))

    return Face(float(np.prod((high - low)[free])), place, len(free))
