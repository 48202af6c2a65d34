"""Even points where conditions hold: the boundary of a domain, through time, and its start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.boundary_points import boundary_points
from fieldwright.physics.equations.bounding_box import bounding_box
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.solvers.sampling import sobol_points

GOLDEN = (5**0.5 - 1) / 2
"""Multiples of it, cut to their fractions, are as even as a sequence can be."""


@dataclass(frozen=True, eq=False)
class Edges:
    """Points (n, d) of the boundary and of the start of a domain.

    normals: outward (n, d), zero along the time. on_boundary, on_start: which of the points are of it, (n,) bool.
    """

    points: np.ndarray
    normals: np.ndarray
    on_boundary: np.ndarray
    on_start: np.ndarray


def edge_points(domain: Any, n: int) -> np.ndarray:
    """About n even points (., d) of the boundary of a domain, and n of its start if it has space and time."""
    return edges_of(domain, n).points


def edges_of(domain: Any, n: int, seed: int = 0) -> Edges:
    """About n even points of the boundary of a domain, and n of its start if it has space and time.

    Points of a boundary that moves through time are a lattice of both, the end of the time with them.
    """
    if not hasattr(domain, "timedomain"):
        points, normals = boundary_points(domain, n, seed)
        start = np.zeros(len(points), dtype=bool)
        if isinstance(domain, dde.geometry.TimeDomain):
            start = points[:, 0] == domain.t0
        return Edges(points, normals, np.ones(len(points), dtype=bool), start)
    space, time = domain.geometry, domain.timedomain
    begin, span = float(time.t0), float(time.t1 - time.t0)
    if space.dim == 1:
        ends, outward = boundary_points(space, n, seed)
        times = max(1, round(n / len(ends)))
        points, normals = (np.repeat(one, times, axis=0) for one in (ends, outward))
        shares = np.tile(1 - np.arange(times) / times, len(ends))
    else:
        points, normals = boundary_points(space, n, seed)
        shares = 1 - np.arange(len(points)) * GOLDEN % 1.0
    initial = even_points(space, n, seed)
    at_ends = np.zeros(len(initial), dtype=bool)
    slopes = np.zeros_like(initial)
    if space.dim == 1:  # where start and boundary meet
        initial, slopes = np.vstack([initial, ends]), np.vstack([slopes, outward])
        at_ends = np.append(at_ends, np.ones(len(ends), dtype=bool))
    on_boundary = np.append(np.ones(len(points), dtype=bool), at_ends)
    on_start = np.append(np.zeros(len(points), dtype=bool), np.ones(len(initial), dtype=bool))
    times = np.append(begin + span * shares, np.full(len(initial), begin))
    normals = np.vstack([normals, slopes])
    return Edges(
        np.column_stack([np.vstack([points, initial]), times]),
        np.column_stack([normals, np.zeros(len(normals))]),
        on_boundary,
        on_start,
    )


def even_points(geometry: Any, n: int, seed: int = 0) -> np.ndarray:
    """Even points (n, d) of the inside of a shape: the middles of equal parts of an interval, else a Sobol sequence.

    Raises FieldwrightError when less than one in 10,000 of the points of the shape's box lies in it.
    """
    low, high = bounding_box(geometry)
    if isinstance(geometry, dde.geometry.Interval):
        return low + (high - low) * ((np.arange(n) + 0.5) / n)[:, None]
    box = {str(i): ends for i, ends in enumerate(zip(low, high, strict=True))}
    many = 4 * n
    while many <= 2**21:
        points = sobol_points(box, many, seed)
        points = points[geometry.inside(points)]
        if len(points) >= n:
            return points[:n]
        many *= 4
    raise FieldwrightError("The domain must have an inside", "a shape that is empty", "Correct its parts")
