"""The inside of a plane mesh moved along with its boundary, by solving Laplace's equation for each coordinate."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import splu

from fieldwright.data.errors import RunRejected
from fieldwright.data.mesh.measures import corner_simplices
from fieldwright.data.mesh.own_meshes.boundary_loops import PlaneMesh
from fieldwright.data.mesh.own_meshes.plane_elements import PLANE_ELEMENTS

STEPS = 6
"""Parts of the way, each on the mesh that the last one has led to: what folds in one go about holes does not so.

All runs go in the same steps, so that a little more of a shape moves all nodes a little more.
"""


def moved_inside(mesh: PlaneMesh, boundary: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(n, 2) where all nodes come to lie when those of the boundary (k,) are moved to `places` (k, 2).

    The inner corners of cells are harmonic; nodes of higher order between them lie where the cell's corners and sides
    put them. Raises RunRejected ("wrong mesh") where a cell is turned inside out.
    """
    simplices = np.concatenate([_simplices(kind, nodes) for kind, nodes in mesh.cells.items()])
    corner = np.zeros(len(mesh.points), dtype=bool)
    corner[simplices] = True
    given = corner[boundary]
    inner = corner.copy()
    inner[boundary] = False
    free = np.flatnonzero(inner)
    points, start = mesh.points.copy(), mesh.points[boundary]
    signs = np.sign(_sizes(points[simplices]))
    for step in range(1, STEPS + 1):
        matrix = _laplacian(points, simplices)
        points[boundary] = start + (places - start) * (step / STEPS)
        if len(free):
            load = -(matrix[free][:, boundary[given]] @ points[boundary[given]])
            points[free] = splu(csc_array(matrix[free][:, free])).solve(load)
        _check_no_fold(points, simplices, signs)
    return _with_middles(mesh, points, boundary)


def _check_no_fold(points: np.ndarray, simplices: np.ndarray, signs: np.ndarray) -> None:
    turned = _sizes(points[simplices]) * signs <= 0.0
    if turned.any():
        x, y = points[simplices[turned][0]].mean(axis=0)
        raise RunRejected(
            "wrong mesh",
            "No cell may be turned inside out when the study's mesh is morphed onto a run's",
            f"a fold of {int(turned.sum())} cells, the first at ({x:.4g}, {y:.4g})",
            "Choose a 'reference' of a middle shape in [mesh], or learn shapes so unlike in studies of their own",
        )


def _simplices(kind: str, nodes: np.ndarray) -> np.ndarray:
    """Triangles (s, 3) of the corners of cells; quadrilaterals are cut both ways, so that neither is favoured."""
    corners = nodes[:, : PLANE_ELEMENTS[kind].corners]
    family = "triangle" if corners.shape[1] == 3 else "quad"
    ways = [corners] if family == "triangle" else [corners, np.roll(corners, -1, axis=1)]
    return np.concatenate([split[0] for way in ways if (split := corner_simplices(family, way)) is not None])


def _sizes(corners: np.ndarray) -> np.ndarray:
    """(s,) twice the signed areas of triangles (s, 3, 2)."""
    (a, b), (c, d) = np.moveaxis(corners[:, 1:] - corners[:, :1], 0, -1)
    return a * d - b * c


def _laplacian(points: np.ndarray, triangles: np.ndarray) -> csc_array:
    """The stiffness matrix (n, n) of linear triangles."""
    corners = points[triangles]
    # The gradient of a corner's hat function is the opposite side, turned by a right angle, over twice the area.
    sides = np.roll(corners, 1, axis=1) - np.roll(corners, -1, axis=1)
    values = np.einsum("sid,sjd->sij", sides, sides) / (2.0 * np.abs(_sizes(corners)))[:, None, None]
    rows, columns = np.repeat(triangles, 3, axis=1).ravel(), np.tile(triangles, 3).ravel()
    return csc_array(coo_array((values.ravel(), (rows, columns)), shape=(len(points), len(points))))


def _with_middles(mesh: PlaneMesh, points: np.ndarray, boundary: np.ndarray) -> np.ndarray:
    """With the nodes between corners of inner sides, and in the middle of cells, in their places."""
    points = points.copy()
    on_boundary = np.zeros(len(points), dtype=bool)
    on_boundary[boundary] = True
    for kind, nodes in mesh.cells.items():
        for side in PLANE_ELEMENTS[kind].sides:
            if len(side) == 3:
                first, last, middle = nodes[:, side].T
                inner = ~on_boundary[middle]
                points[middle[inner]] = (points[first[inner]] + points[last[inner]]) / 2.0
    for kind, nodes in mesh.cells.items():
        if kind == "quad9":
            # As the nodes round it say by the element of eight.
            points[nodes[:, 8]] = (
                points[nodes[:, 4:8]].sum(axis=1) / 2.0 - points[nodes[:, :4]].sum(axis=1) / 4.0
            )
    return points
