"""One mesh under two numberings: recognised by coordinates and connectivity, and undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import KDTree

from fieldwright.data.formats import Run
from fieldwright.data.mesh.mesh import Mesh


@dataclass(frozen=True, eq=False)
class Renumbering:
    """points (n,), cells (c,): for each point and cell of the reference, its number in the other mesh."""

    points: np.ndarray
    cells: np.ndarray


def renumbering(mesh: Mesh, reference: Mesh, tolerance: float) -> Renumbering | None:
    """How `mesh` is numbered if it is the reference but for numbering; None if it is another mesh.

    tolerance: distance, as a share of the reference's diagonal, within which two nodes are the same. Meshes with
    nodes that coincide (crack faces, pieces side by side) can be matched only where their order is the same.
    """
    if mesh.n_points != reference.n_points or mesh.n_cells != reference.n_cells:
        return None
    limit = tolerance * _diagonal(reference.points)
    points = _match(mesh.points, reference.points, limit)
    if points is None:
        return None
    if reference.cell_centres is not None or mesh.cell_centres is not None:
        if reference.cell_centres is None or mesh.cell_centres is None:
            return None
        cells = _match(mesh.cell_centres, reference.cell_centres, limit)
    else:
        cells = _match_cells(mesh, reference, points)
    return None if cells is None else Renumbering(points, cells)


def renumbered(run: Run, order: Renumbering, reference: Mesh) -> Run:
    """The run on the reference, its values in the reference's order."""
    fields = {
        name: f
        if f.on == "run"
        else replace(f, values=f.values[:, order.points if f.on == "point" else order.cells])
        for name, f in run.fields.items()
    }
    return replace(run, mesh=reference, fields=fields)


def _diagonal(points: np.ndarray) -> float:
    return float(np.linalg.norm(np.ptp(points, axis=0))) if len(points) else 0.0


def _match(points: np.ndarray, reference: np.ndarray, limit: float) -> np.ndarray | None:
    """For each reference point the one and only point within the limit; None where there is none or several."""
    if np.all(np.linalg.norm(points - reference, axis=1) <= limit):
        return np.arange(len(reference))
    distance, nearest = (np.asarray(result) for result in KDTree(points).query(reference))
    if distance.max() > limit or len(np.unique(nearest)) < len(nearest):
        return None
    return nearest


def _match_cells(mesh: Mesh, reference: Mesh, points: np.ndarray) -> np.ndarray | None:
    if {t: n.shape for t, n in mesh.cells.items()} != {t: n.shape for t, n in reference.cells.items()}:
        return None
    new_number = np.empty(len(points), dtype=np.int64)
    new_number[points] = np.arange(len(points))
    first, starts = 0, {}
    for name, nodes in mesh.cells.items():
        starts[name] = first
        first += len(nodes)
    order = []
    for name, nodes in reference.cells.items():
        # Cells are the same if they have the same nodes: solvers start to count them at different corners.
        own_nodes = np.sort(new_number[mesh.cells[name]], axis=1)
        reference_nodes = np.sort(nodes, axis=1)
        own_order, reference_order = np.lexsort(own_nodes.T[::-1]), np.lexsort(reference_nodes.T[::-1])
        if not np.array_equal(own_nodes[own_order], reference_nodes[reference_order]):
            return None
        position = np.empty(len(nodes), dtype=np.int64)
        position[reference_order] = own_order
        order.append(position + starts[name])
    return np.concatenate(order) if order else np.arange(0)
