"""Cells that are turned inside out or have no size: what a mesh that has moved must not have."""

from __future__ import annotations

import numpy as np

from fieldwright.data.errors import RunRejected
from fieldwright.data.mesh.measures import corner_simplices, dimension
from fieldwright.data.mesh.mesh import Mesh

_NO_SIZE = 1e-10
"""Share of the median size of all cells below which one has none."""
_FLAT = 1e-9


def check_cells(mesh: Mesh) -> None:
    """Raises RunRejected where a cell of the highest dimension has no size."""
    size, cell = _sizes(mesh)
    if not len(size):
        return
    empty = np.unique(cell[np.abs(size) <= _NO_SIZE * np.median(np.abs(size))])
    if len(empty):
        raise RunRejected(
            "wrong mesh",
            "Every cell of the mesh must have a size",
            f"{len(empty)} cells of the {int(cell.max()) + 1} without one, the first is number {int(empty[0]) + 1}",
            "Mesh the geometry anew",
        )


def check_not_turned(mesh: Mesh, reference: Mesh) -> None:
    """Raises RunRejected where cells are turned inside out, beside those of the reference of like connectivity."""
    size, cell = _sizes(mesh)
    before, _ = _sizes(reference)
    if not len(size) or len(size) != len(before):
        return
    turned = np.sign(size) != np.sign(before)
    if turned.all():
        raise RunRejected(
            "wrong mesh",
            "All meshes of a sweep must be of one hand",
            "a mesh whose cells are all turned inside out, the mirror image of the study's",
            "Export it unmirrored",
        )
    if turned.any():
        cells = np.unique(cell[turned])
        raise RunRejected(
            "wrong mesh",
            "No cell may be turned inside out where the nodes have moved",
            f"{len(cells)} cells that are, the first is number {int(cells[0]) + 1}",
            "Mesh the geometry anew so that its nodes move less",
        )


def plane_of(points: np.ndarray) -> tuple[int, int] | None:
    """The two axes in which a flat mesh lies; None where it extends along all three."""
    extent = np.ptp(points, axis=0) if len(points) else np.zeros(3)
    flat = extent <= _FLAT * extent.max(initial=0.0)
    axes = np.flatnonzero(~flat)
    return (int(axes[0]), int(axes[1])) if len(axes) == 2 else None


def _sizes(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of the simplices that the cells are made of, with a sign where it has a meaning; and their cells.

    It has none for surfaces in space and for lines. Cells are numbered within the highest dimension.
    """
    if not mesh.cells:
        return np.zeros(0), np.zeros(0, np.int64)
    top = max(dimension(kind) for kind in mesh.cells)
    plane = plane_of(mesh.points)
    sizes, cells, first = [], [], 0
    for kind, nodes in mesh.cells.items():
        if dimension(kind) != top:
            continue
        split = corner_simplices(kind, nodes)
        if split is not None:
            simplices, cell = split
            sizes.append(_signed(mesh.points[simplices], plane))
            cells.append(cell + first)
        first += len(nodes)
    return (np.concatenate(sizes), np.concatenate(cells)) if sizes else (np.zeros(0), np.zeros(0, np.int64))


def _signed(corners: np.ndarray, plane: tuple[int, int] | None) -> np.ndarray:
    """(s,) twice or six times the size of simplices (s, d+1, 3)."""
    edges = np.moveaxis(corners[:, 1:] - corners[:, :1], 1, 0)
    if len(edges) == 1:
        return np.linalg.norm(edges[0], axis=1)
    if len(edges) == 2 and plane is not None:
        a, b = plane
        return edges[0][:, a] * edges[1][:, b] - edges[0][:, b] * edges[1][:, a]
    normal = np.cross(edges[0], edges[1])
    return np.linalg.norm(normal, axis=1) if len(edges) == 2 else np.einsum("ij,ij->i", normal, edges[2])
