"""Volumes of cells and the share of them that each point stands for: the weights of integrals and of POD."""

from __future__ import annotations

import numpy as np

from fieldwright.data.mesh.mesh import Mesh

# Corner simplices of each cell family; higher-order cells are measured by their corners (straight sides).
_SIMPLICES: dict[str, list[tuple[int, ...]]] = {
    "line": [(0, 1)],
    "triangle": [(0, 1, 2)],
    "quad": [(0, 1, 2), (0, 2, 3)],
    "tetra": [(0, 1, 2, 3)],
    "pyramid": [(0, 1, 2, 4), (0, 2, 3, 4)],
    "wedge": [(0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5)],
    "hexahedron": [(0, 1, 3, 4), (1, 2, 3, 6), (1, 3, 4, 6), (1, 4, 5, 6), (3, 4, 6, 7)],
}


def family(cell_type: str) -> str:
    """The straight-sided family of a cell type: "tetra10" is a "tetra"."""
    return cell_type.rstrip("0123456789")


def dimension(cell_type: str) -> int:
    """0 for points, 1 for lines, 2 for faces, 3 for solids and for types unknown here."""
    known = {"vertex": 0, "line": 1, "triangle": 2, "quad": 2, "polygon": 2}
    return known.get(family(cell_type), 3)


def corner_simplices(cell_type: str, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The simplices that cells (k, nodes of the type) are made of, (s, d+1), and the cell of each, (s,).

    Higher-order cells are taken by their corners. None for types that are unknown here.
    """
    split = _split(cell_type, nodes.shape[1])
    if not split:
        return None
    simplices = np.concatenate([nodes[:, list(corner)] for corner in split])
    return simplices, np.tile(np.arange(len(nodes)), len(split))


def _split(cell_type: str, n_nodes: int) -> list[tuple[int, ...]]:
    kind = family(cell_type)
    return [(0, i, i + 1) for i in range(1, n_nodes - 1)] if kind == "polygon" else _SIMPLICES.get(kind, [])


def _simplex_measure(corners: np.ndarray) -> np.ndarray:
    """|det| / d! by Gram's determinant, corners (k, d+1, 3)."""
    edges = corners[:, 1:] - corners[:, :1]
    gram = np.einsum("kid,kjd->kij", edges, edges)
    return np.sqrt(np.maximum(np.linalg.det(gram), 0.0)) / [1, 1, 2, 6][edges.shape[1]]


def cell_measures(mesh: Mesh) -> np.ndarray:
    """Length, area or volume of each cell, (c,), in the mesh's unit to the power of the cell's dimension."""
    if mesh.cell_volumes is not None:
        return np.asarray(mesh.cell_volumes, dtype=np.float64)
    if mesh.cell_centres is not None:
        return np.ones(mesh.n_cells)
    parts = []
    for name, nodes in mesh.cells.items():
        measure = np.zeros(len(nodes))
        for corner in _split(name, nodes.shape[1]):
            measure += _simplex_measure(mesh.points[nodes[:, list(corner)]])
        parts.append(measure)
    return np.concatenate(parts) if parts else np.zeros(0)


def cell_weights(mesh: Mesh) -> np.ndarray:
    """Weights > 0 of the cells, (c,): their measure; the least one for cells below the top dimension."""
    measures = cell_measures(mesh)
    if mesh.cells and mesh.cell_volumes is None and mesh.cell_centres is None:
        dims = np.concatenate([np.full(len(n), dimension(t)) for t, n in mesh.cells.items()])
        measures = np.where(dims == dims.max(), measures, 0.0)
    return _positive(measures)


def point_weights(mesh: Mesh) -> np.ndarray:
    """Weights > 0 of the points, (n,): each cell of the top dimension is shared equally among its nodes.

    Points of no such cell get the smallest weight that occurs; a cloud of points without cells gets ones.
    """
    weights = np.zeros(mesh.n_points)
    if not mesh.cells:
        return np.ones(mesh.n_points)
    measures = cell_measures(Mesh(mesh.points, mesh.cells))
    top = max(dimension(name) for name in mesh.cells)
    first = 0
    for name, nodes in mesh.cells.items():
        if dimension(name) == top:
            share = measures[first : first + len(nodes)] / nodes.shape[1]
            np.add.at(weights, nodes, share[:, None])
        first += len(nodes)
    return _positive(weights)


def _positive(weights: np.ndarray) -> np.ndarray:
    above = weights > 0
    if not above.any():
        return np.ones(len(weights))
    return np.where(above, weights, weights[above].min())
