"""A surface in few bytes: places of 16 bits, differences that compress well, on demand with fewer corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STEPS = 2**16 - 1
"""Into which the extent of the mesh along each axis is divided."""
WIDER = 1.2
"""Factor by which the cells grow that corners are brought together in, until few enough are left."""


@dataclass(frozen=True, eq=False)
class DrawnSurface:
    """What is seen of a field's mesh.

    points: (m, 3) of the corners. values: (m,) which value of the field each corner has. triangles: (k, 3) corners.
    edges: (e, 2) sides of cells. sides: (k,) which sides of each triangle are edges, by the bits 1 (corners 0 and 1),
    2 (1 and 2) and 4 (2 and 0); each edge once. lines: (l, 2) the edges that are no side of a triangle.
    """

    points: np.ndarray
    values: np.ndarray
    triangles: np.ndarray
    edges: np.ndarray
    sides: np.ndarray
    lines: np.ndarray


def sides_that_are_edges(triangles: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`sides` (k,) as in `DrawnSurface`, and the numbers of the edges that are no side of a triangle."""
    base = int(max(triangles.max(initial=0), edges.max(initial=0))) + 1
    corners = np.stack([triangles, np.roll(triangles, -1, axis=1)], axis=-1).reshape(-1, 2)
    of_sides, first = np.unique(_keys(corners, base), return_index=True)
    of_edges = _keys(edges, base)
    is_edge = np.isin(of_sides, of_edges, assume_unique=True)
    sides = np.zeros(3 * len(triangles), dtype=np.uint8)
    sides[first[is_edge]] = 1
    bits = (sides.reshape(-1, 3) * np.array([1, 2, 4], dtype=np.uint8)).sum(axis=1, dtype=np.uint8)
    return bits, np.flatnonzero(~np.isin(of_edges, of_sides))


def with_fewer_corners(surface: DrawnSurface, most: int) -> DrawnSurface:
    """At most so many corners, without edges: those of a cell of an even grid are brought together in one of them.

    A corner on the border of the surface is preferred, so that the outline stays. What is left has the places and
    values of corners that were there.
    """
    if len(surface.points) <= most:
        return surface
    extent = np.ptp(surface.points, axis=0)
    size = float(extent.max()) or 1.0
    away = (surface.points - surface.points.min(axis=0)) / size
    # Of a surface about as many cells are met as a plane has.
    width = 1.0 / np.sqrt(most)
    order = np.argsort(~_on_border(surface), kind="stable")
    while True:
        cell = np.floor(away / width).astype(np.int64)
        counts = cell.max(axis=0) + 1
        key = (cell[:, 0] * counts[1] + cell[:, 1]) * counts[2] + cell[:, 2]
        _, first, number = np.unique(key[order], return_index=True, return_inverse=True)
        if len(first) <= most:
            break
        width *= WIDER
    cluster = np.empty(len(order), dtype=np.int64)
    cluster[order] = number
    corners = order[first]
    # In the order of before, in which neighbours stand together.
    rank = np.empty(len(corners), dtype=np.int64)
    rank[np.argsort(corners)] = np.arange(len(corners))
    corners, cluster = np.sort(corners), rank[cluster]
    triangles = cluster[surface.triangles]
    a, b, c = triangles.T
    triangles = triangles[(a != b) & (b != c) & (c != a)]
    once = np.unique(_keys(np.sort(triangles, axis=1), len(corners)), return_index=True)[1]
    none = np.empty((0, 2), dtype=np.int64)
    return DrawnSurface(
        surface.points[corners],
        surface.values[corners],
        triangles[np.sort(once)],
        none,
        np.zeros(len(once), dtype=np.uint8),
        none,
    )


def compact_arrays(
    surface: DrawnSurface, low: np.ndarray, high: np.ndarray
) -> dict[tuple[str, ...], np.ndarray]:
    """Differences along the last axis of arrays, which gzip makes small; integers wrap round.

    points (3, m): steps of 1/65535 of the way from `low` to `high`. values (m,). triangles (3, k): ordered by their
    first corners, which are the least; the second and the third corner less the first. sides (k,), lines (2, l).
    """
    extent = np.where(high > low, high - low, 1.0)
    steps = np.rint((surface.points - low) / extent * STEPS).astype(np.uint16)
    turn = (np.argmin(surface.triangles, axis=1)[:, None] + np.arange(3)) % 3
    by_least = np.take_along_axis(surface.triangles, turn, axis=1)
    # The bits of the sides go round with their corners.
    shift = turn[:, 0]
    sides = ((surface.sides >> shift) | (surface.sides << (3 - shift))) & 7
    order = np.lexsort(by_least.T[::-1])
    first, second, third = by_least[order].T
    return {
        ("points",): _differences(steps.T),
        ("values",): _differences(surface.values.astype(np.int32)),
        ("triangles",): np.stack([_differences(first), second - first, third - first]).astype(np.int32),
        ("sides",): sides[order].astype(np.uint8),
        ("lines",): _differences(surface.lines.T.astype(np.int32)),
    }


def _differences(array: np.ndarray) -> np.ndarray:
    """Each entry along the last axis less the one before, the first less 0."""
    return np.diff(array, axis=-1, prepend=np.zeros((*array.shape[:-1], 1), dtype=array.dtype))


def _on_border(surface: DrawnSurface) -> np.ndarray:
    """(m,) whether a side that one triangle alone has ends at the corner."""
    corners = np.stack([surface.triangles, np.roll(surface.triangles, -1, axis=1)], axis=-1).reshape(-1, 2)
    _, first, count = np.unique(_keys(corners, len(surface.points)), return_index=True, return_counts=True)
    on = np.zeros(len(surface.points), dtype=bool)
    on[corners[first[count == 1]].ravel()] = True
    return on


def _keys(corners: np.ndarray, base: int) -> np.ndarray:
    """A number for each row of (k, 2) or (k, 3) corners; of pairs the same for both orders."""
    if corners.shape[1] == 2:
        corners = np.sort(corners, axis=1)
    key = corners[:, 0].astype(np.int64)
    for column in corners.T[1:]:
        key = key * base + column
    return key
