"""The surface of a mesh as triangles, for those who draw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fieldwright.data.mesh.measures import dimension, family

_EDGES: dict[str, tuple[tuple[int, int], ...]] = {
    "line": ((0, 1),),
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)),
    "pyramid": ((0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (1, 4), (2, 4), (3, 4)),
    "wedge": ((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)),
    "hexahedron": (
        *((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4)),
        *((0, 4), (1, 5), (2, 6), (3, 7)),
    ),
}
"""Corners of the edges of each cell family, in the order in which cells of second order have the nodes between."""
_FACES: dict[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1, 2),),
    "quad": ((0, 1, 2, 3),),
    "tetra": ((0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)),
    "pyramid": ((0, 3, 2, 1), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
    "wedge": ((0, 2, 1), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)),
    "hexahedron": (
        *((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4)),
        *((1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
    ),
}
"""Corners of the faces of each cell family, one after the other round the face; those of a flat cell are itself."""
_CORNERS = {"line": 2, "triangle": 3, "quad": 4, "tetra": 4, "pyramid": 5, "wedge": 6, "hexahedron": 8}
_TRIANGLES = {
    3: ((0, 1, 2),),
    4: ((0, 1, 2), (0, 2, 3)),
    6: ((0, 1, 5), (1, 2, 3), (5, 3, 4), (1, 3, 5)),
    8: ((0, 1, 7), (1, 2, 3), (3, 4, 5), (5, 6, 7), (1, 3, 5), (1, 5, 7)),
}
"""Triangles of a ring of so many nodes: of 6 and of 8 every second one lies between two corners."""


@dataclass(frozen=True, eq=False)
class Surface:
    """What is seen of a mesh from outside, by the numbers of its nodes.

    triangles: (k, 3). cell: (k,) that each triangle belongs to, in the numbering of `Mesh`. edges: (e, 2) sides of
    cells on the surface, each once.
    """

    triangles: np.ndarray
    cell: np.ndarray
    edges: np.ndarray


def outer_surface(cells: Mapping[str, np.ndarray]) -> Surface:
    """The faces of solids that no second solid shares; of a mesh of flat cells all of them, of lines their edges.

    cells: as in `Mesh`. Only those of the highest dimension count. A face of second order is cut into triangles at
    the nodes between its corners, so that their values are seen too. Cells of kinds unknown here are left out.
    """
    top = max((dimension(name) for name, nodes in cells.items() if len(nodes)), default=0)
    rings: dict[int, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {}
    edges: list[np.ndarray] = [np.empty((0, 2), dtype=np.int64)]
    first = 0
    for name, nodes in cells.items():
        cell = np.arange(first, first + len(nodes))
        first += len(nodes)
        if dimension(name) != top or not len(nodes):
            continue
        if top == 1:
            edges.append(nodes[:, [0, 2, 2, 1] if nodes.shape[1] == 3 else [0, 1]].reshape(-1, 2))
        for corners, ring in _faces_of(name, nodes.shape[1]):
            size = len(ring)
            rings.setdefault(size, []).append((nodes[:, list(ring)], nodes[:, list(corners)], cell))
    triangles, owners = [np.empty((0, 3), dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for size, parts in rings.items():
        ring, corners, cell = (np.concatenate([part[k] for part in parts]) for k in range(3))
        if top == 3:
            ring, cell = _outer(ring, corners, cell)
        cuts = _TRIANGLES.get(size) or tuple((0, k, k + 1) for k in range(1, size - 1))
        triangles += [ring[:, list(cut)] for cut in cuts]
        owners += [cell] * len(cuts)
        edges += [ring[:, list(pair)] for pair in pairwise([*range(size), 0])]
    sides = np.sort(np.concatenate(edges), axis=1)
    once = np.unique(_keys(sides), return_index=True)[1]
    return Surface(np.concatenate(triangles), np.concatenate(owners), sides[once])


def _faces_of(cell_type: str, n_nodes: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Of each face of a cell type its corners, and all nodes round it, those between the corners included."""
    kind = family(cell_type)
    if kind == "polygon":
        ring = tuple(range(n_nodes))
        return [(ring, ring)]
    corners, edges = _CORNERS.get(kind, 0), _EDGES.get(kind, ())
    between = {frozenset(edge): corners + k for k, edge in enumerate(edges)}
    second_order = n_nodes >= corners + len(edges)
    return [
        (face, tuple(_with_middles(face, between)) if second_order else face) for face in _FACES.get(kind, ())
    ]


def _with_middles(face: tuple[int, ...], between: Mapping[frozenset[int], int]) -> list[int]:
    return [node for pair in pairwise([*face, face[0]]) for node in (pair[0], between[frozenset(pair)])]


def _outer(ring: np.ndarray, corners: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those of the faces whose corners no other face has."""
    # In a mesh no two faces have three corners in common.
    keys = _keys(np.sort(corners, axis=1)[:, :3])
    _, index, count = np.unique(keys, return_index=True, return_counts=True)
    alone = np.sort(index[count == 1])
    return ring[alone], cell[alone]


def _keys(nodes: np.ndarray) -> np.ndarray:
    """A number for each row of node numbers (k, 2 or 3), equal for equal rows: sorted ten times as fast as rows."""
    base = int(nodes.max(initial=0)) + 1
    if base ** nodes.shape[1] >= 2**63:
        return np.unique(nodes, axis=0, return_inverse=True)[1].ravel()
    keys = nodes[:, 0].astype(np.int64)
    for column in nodes.T[1:]:
        keys = keys * base + column
    return keys
