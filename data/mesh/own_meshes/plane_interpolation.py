"""Values on the nodes of a plane mesh taken to other places by the shape functions of its own elements."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial import KDTree

from fieldwright.data.mesh.own_meshes.plane_elements import PLANE_ELEMENTS

INSIDE = 1e-8
"""Sizes of an element by which a point may lie outside of it and is in it."""
_NEAR, _MANY = 12, 120


def plane_interpolation(
    points: np.ndarray, cells: Mapping[str, np.ndarray], targets: np.ndarray
) -> tuple[csr_array, np.ndarray]:
    """W (t, n) with u(targets) = W u(points), and how far outside of all elements each target lies, (t,).

    points (n, 2), targets (t, 2); cells of `PLANE_ELEMENTS` alone. A target outside of all elements takes the
    continuation of the one that it is nearest to, in sizes of that element.
    """
    kinds = [kind for kind, nodes in cells.items() if len(nodes)]
    centres = [points[cells[kind][:, : PLANE_ELEMENTS[kind].corners]].mean(axis=1) for kind in kinds]
    first = np.cumsum([0, *map(len, centres)])
    tree = KDTree(np.concatenate(centres))
    count = len(targets)
    outside, cell, at = np.full(count, np.inf), np.zeros(count, np.int64), np.zeros((count, 2))
    left = np.arange(count)
    # Most lie in one of the elements whose centres are nearest; in meshes that are drawn out, in one of many.
    for start, stop in ((0, _NEAR), (_NEAR, _MANY)):
        stop = min(stop, first[-1])
        if not len(left) or start >= stop:
            break
        near = np.asarray(tree.query(targets[left], k=stop)[1]).reshape(len(left), -1)
        for rank in range(start, stop):
            open_ = outside[left] > INSIDE
            if not open_.any():
                break
            rows, candidates = left[open_], near[open_, rank]
            for k, kind in enumerate(kinds):
                of_kind = (candidates >= first[k]) & (candidates < first[k + 1])
                if of_kind.any():
                    element, some = PLANE_ELEMENTS[kind], rows[of_kind]
                    corners = points[cells[kind][candidates[of_kind] - first[k]]]
                    inner = element.inverse(corners, targets[some])
                    off = element.outside(inner)
                    better = off < outside[some]
                    outside[some[better]], at[some[better]] = off[better], inner[better]
                    cell[some[better]] = candidates[of_kind][better]
        left = left[outside[left] > INSIDE]
    rows, columns, weights = [], [], []
    for k, kind in enumerate(kinds):
        some = np.flatnonzero((cell >= first[k]) & (cell < first[k + 1]))
        nodes = cells[kind][cell[some] - first[k]]
        values, _ = PLANE_ELEMENTS[kind].shape(*at[some].T)
        rows.append(np.repeat(some, nodes.shape[1]))
        columns.append(nodes.ravel())
        weights.append(values.ravel())
    entries = np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))
    return csr_array(entries, shape=(count, len(points))), outside
