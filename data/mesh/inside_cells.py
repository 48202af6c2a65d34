"""In which cell of a mesh a point lies, and how the cell's corners make it up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from fieldwright.data.mesh.measures import corner_simplices
from fieldwright.data.mesh.mesh import Mesh

# How far outside a cell a point still counts as in it, in sizes of the cell: two meshes of one round hole differ by
# the rise of the arc over the side of a cell, a twentieth of the side where 16 sides go round.
SLACK = 0.05
_TOUCHING = 1e-9
_NEAR = 12
_PAIRS = 1 << 18


@dataclass(frozen=True, eq=False)
class Located:
    """outside: (t,) distance of each target from the nearest simplex of a cell, in units of what counts as inside.

    nodes, weights: (t, 4) corners of that simplex and the barycentric coordinates in it, 0 for corners that it lacks.
    """

    outside: np.ndarray
    nodes: np.ndarray
    weights: np.ndarray

    @property
    def inside(self) -> np.ndarray:
        """(t,) whether the target is in a cell or hardly outside of one."""
        return self.outside <= 1.0


def locate(mesh: Mesh, targets: np.ndarray) -> Located | None:
    """Where targets (t, 3) lie in the cells, which are taken by their corners with straight sides.

    None where the mesh has cells that cannot be split into simplices, or none at all.
    """
    parts = [corner_simplices(kind, nodes) for kind, nodes in mesh.cells.items() if kind != "vertex"]
    if not parts or any(part is None for part in parts):
        return None
    count = len(targets)
    where = Located(np.full(count, np.inf), np.zeros((count, 4), dtype=np.int64), np.zeros((count, 4)))
    for split in parts:
        assert split is not None
        simplices, cell = split
        corners = mesh.points[simplices]
        middle = corners.mean(axis=1)
        radius = np.linalg.norm(corners - middle[:, None], axis=2).max(axis=1)
        size = np.zeros(cell.max(initial=-1) + 1)
        np.maximum.at(size, cell, 2 * radius)
        slack = SLACK * size[cell]
        for t, s in _pairs(middle, radius + slack, targets, where.outside):
            outside, weights = _distance(corners[s], targets[t])
            _keep_nearest(where, t, outside / slack[s], simplices[s], weights)
    return where


def _keep_nearest(
    where: Located, t: np.ndarray, outside: np.ndarray, nodes: np.ndarray, weights: np.ndarray
) -> None:
    # Of several simplices for one target the last written stays: so the nearest comes last.
    order = np.argsort(-outside, kind="stable")
    order = order[outside[order] < where.outside[t[order]]]
    t = t[order]
    where.outside[t] = outside[order]
    where.weights[t] = 0.0
    where.weights[t, : weights.shape[1]] = weights[order]
    where.nodes[t, : nodes.shape[1]] = nodes[order]


def _pairs(
    middle: np.ndarray, reach: np.ndarray, targets: np.ndarray, outside: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of targets without a cell so far and of simplices near enough to hold them, in pieces."""
    pending = np.flatnonzero(outside > _TOUCHING)
    if not len(middle) or not len(pending):
        return
    near = KDTree(middle).query(targets[pending], k=min(_NEAR, len(middle)))[1]
    for column in np.asarray(near).reshape(len(pending), -1).T:
        for start in range(0, len(pending), _PAIRS):
            piece = slice(start, start + _PAIRS)
            unsure = outside[pending[piece]] > _TOUCHING
            yield pending[piece][unsure], column[piece][unsure]
    # Long thin cells have their middle farther away than others have: what is left is held against all in reach.
    pending = pending[outside[pending] > _TOUCHING]
    if not len(pending):
        return
    tree = KDTree(targets[pending])
    counts = np.asarray(tree.query_ball_point(middle, reach, return_length=True))
    start = 0
    for end in [*(np.flatnonzero(np.diff(np.cumsum(counts) // _PAIRS)) + 1), len(middle)]:
        lists = tree.query_ball_point(middle[start:end], reach[start:end])
        hits = np.concatenate([np.asarray(one, dtype=np.int64) for one in lists])
        yield pending[hits], np.repeat(np.arange(start, end), counts[start:end])
        start = end


def _distance(corners: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far points (k, 3) are beyond the farthest side of simplices (k, d+1, 3), and barycentric coordinates."""
    edges = corners[:, 1:] - corners[:, :1]
    offset = points - corners[:, 0]
    # Columns of the pseudo-inverse are the gradients of the barycentric coordinates.
    gradients = np.linalg.pinv(edges, rcond=1e-12).transpose(0, 2, 1)
    inner = np.einsum("kij,kj->ki", gradients, offset)
    shares = np.concatenate([1 - inner.sum(axis=1, keepdims=True), inner], axis=1)
    steep = np.concatenate([-gradients.sum(axis=1, keepdims=True), gradients], axis=1)
    steepness = np.linalg.norm(steep, axis=2)
    beyond = (-shares / np.where(steepness > 0, steepness, np.inf)).max(axis=1)
    off_plane = np.linalg.norm(offset - np.einsum("ki,kij->kj", inner, edges), axis=1)
    return np.maximum(np.maximum(beyond, off_plane), 0.0), shares
