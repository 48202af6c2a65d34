"""Volumes of cells and the share of them that each point stands for: the weights of integrals and of POD."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fieldwright.data.mesh.mesh import Mesh

BLOCK = 2**15
"""Cells that are measured together."""

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

# Ways to number the corners of a cell anew: the mean over the cuts that they lead to favours no corner.
_TURNS: dict[str, list[list[int]]] = {
    "quad": [[0, 1, 2, 3], [1, 2, 3, 0]],
    "pyramid": [[0, 1, 2, 3, 4], [1, 2, 3, 0, 4]],
    "wedge": [
        [(corner + turn) % 3 + 3 * (level ^ flip) for level in (0, 1) for corner in range(3)]
        for turn in range(3)
        for flip in (0, 1)
    ],
    "hexahedron": [list(range(8)), [1, 0, 3, 2, 5, 4, 7, 6]],
}


def family(cell_type: str) -> str:
    """The straight-sided family of a cell type: "tetra10" is a "tetra"."""
    return cell_type.rstrip("0123456789")


def dimension(cell_type: str) -> int:
    """0 for points, 1 for lines, 2 for faces, 3 for solids and for types unknown here."""
    dimensions = {"vertex": 0, "line": 1, "triangle": 2, "quad": 2, "polygon": 2}
    return dimensions.get(family(cell_type), 3)


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
    """(k,) length, area or volume of simplices with corners (k, d+1, 3)."""
    edges = np.moveaxis(corners[:, 1:] - corners[:, :1], 1, 0)
    if len(edges) == 1:
        return np.linalg.norm(edges[0], axis=1)
    normal = np.cross(edges[0], edges[1])
    if len(edges) == 2:
        return np.linalg.norm(normal, axis=1) / 2.0
    return np.abs(np.einsum("ij,ij->i", normal, edges[2])) / 6.0


def _blocks(nodes: np.ndarray) -> Iterator[slice]:
    """Some cells of (k, nodes of the type) at a time: their corners take ten times what their numbers do."""
    return (slice(start, start + BLOCK) for start in range(0, len(nodes), BLOCK))


def cell_measures(mesh: Mesh) -> np.ndarray:
    """Length, area or volume of each cell, (c,), in the mesh's unit to the power of the cell's dimension."""
    if mesh.cell_volumes is not None:
        return np.asarray(mesh.cell_volumes, dtype=np.float64)
    if mesh.cell_centres is not None:
        return np.ones(mesh.n_cells)
    parts = []
    for name, nodes in mesh.cells.items():
        measure = np.zeros(len(nodes))
        for some in _blocks(nodes):
            for corner in _split(name, nodes.shape[1]):
                measure[some] += _simplex_measure(mesh.points[nodes[some, list(corner)]])
        parts.append(measure)
    return np.concatenate(parts) if parts else np.zeros(0)


def measured_dimension(mesh: Mesh, on: str) -> int:
    """1, 2 or 3 where the points or cells (on: "point" or "cell") have lengths, areas or volumes; 0 where not.

    It is the highest dimension of the cells. Without cells, or where all of these are degenerate or of a type unknown
    here, the share of the part that a value stands for is unknown.
    """
    if on == "cell" and mesh.cell_volumes is not None:
        return 3 if (mesh.cell_volumes > 0).any() else 0
    if not mesh.cells or (on == "cell" and mesh.cell_centres is not None):
        return 0
    top = max(dimension(name) for name in mesh.cells)
    cell_mesh = Mesh(mesh.points, mesh.cells)
    return top if (cell_measures(cell_mesh)[_dimensions(cell_mesh) == top] > 0).any() else 0


def cell_shares(mesh: Mesh) -> np.ndarray:
    """How much of the part each cell stands for, (c,) >= 0: its measure, 0 below the highest dimension.

    Their sum is the measure of the part. Ones where there are no measures, see `measured_dimension`.
    """
    if not measured_dimension(mesh, "cell"):
        return np.ones(mesh.n_cells)
    if mesh.cell_volumes is not None:
        return cell_measures(mesh)
    dims = _dimensions(mesh)
    return np.where(dims == dims.max(), cell_measures(mesh), 0.0)


def point_shares(mesh: Mesh) -> np.ndarray:
    """How much of the part each point stands for, (n,) >= 0: the weights of a quadrature exact for linear fields.

    A straight-sided cell gives each corner the integral of its hat function over the simplices that the cell is made
    of, the mean over the ways to cut it; a cell of higher order is shared equally among its nodes. Only cells of the
    highest dimension count: their measures are the sum, and points of no such cell have 0. Ones where there are no
    measures, see `measured_dimension`.
    """
    if not measured_dimension(mesh, "point"):
        return np.ones(mesh.n_points)
    shares = np.zeros(mesh.n_points)
    measures = cell_measures(Mesh(mesh.points, mesh.cells))
    top = max(dimension(name) for name in mesh.cells)
    first = 0
    for name, nodes in mesh.cells.items():
        if dimension(name) == top:
            measure = measures[first : first + len(nodes), None]
            for some in _blocks(nodes):
                fractions = _corner_fractions(name, mesh.points[nodes[some]])
                np.add.at(shares, nodes[some], measure[some] * fractions)
        first += len(nodes)
    return shares


def cell_weights(mesh: Mesh) -> np.ndarray:
    """Weights > 0 of the cells, (c,): their shares of the part, and the least one that occurs in place of 0."""
    return positive(cell_shares(mesh))


def point_weights(mesh: Mesh) -> np.ndarray:
    """Weights > 0 of the points, (n,): their shares of the part, and the least one that occurs in place of 0."""
    return positive(point_shares(mesh))


def positive(weights: np.ndarray) -> np.ndarray:
    """Weights >= 0 with the least positive one in place of 0; ones where none is positive."""
    above = weights > 0
    if not above.any():
        return np.ones(len(weights))
    return np.where(above, weights, weights[above].min())


def _dimensions(mesh: Mesh) -> np.ndarray:
    """The dimension of each cell, (c,)."""
    return np.concatenate(
        [np.full(len(nodes), dimension(name), np.int8) for name, nodes in mesh.cells.items()]
    )


def _corner_fractions(cell_type: str, corners: np.ndarray) -> np.ndarray:
    """The fraction of each cell that each of its nodes stands for, (k, nodes), of corners (k, nodes, 3)."""
    count = corners.shape[1]
    split = _split(cell_type, count)
    fractions = np.zeros(corners.shape[:2])
    if len({node for simplex in split for node in simplex}) == count:
        for turn in _TURNS.get(family(cell_type), [range(count)]) if split else []:
            for simplex in split:
                nodes = [turn[node] for node in simplex]
                fractions[:, nodes] += _simplex_measure(corners[:, nodes])[:, None]
    total = fractions.sum(axis=1, keepdims=True)
    return np.divide(fractions, total, out=np.full_like(fractions, 1.0 / count), where=total > 0.0)
