"""Where values live on a mesh, how far these places are apart, and what they cover."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from data.errors import RunRejected
from data.mesh import Mesh

# A target farther than this many spacings from every source near it lies in a hole of the sources or outside.
_REACH = 2.0


def places(mesh: Mesh, on: str) -> np.ndarray:
    """Where the values live, (n, 3): the points, or the centres of the cells (the mean of their nodes)."""
    if on == "point":
        return mesh.points
    if mesh.cell_centres is not None:
        return mesh.cell_centres
    return np.concatenate([mesh.points[nodes].mean(axis=1) for nodes in mesh.cells.values()])


def spacings(mesh: Mesh, on: str) -> np.ndarray:
    """How far the next places are, (n,): the size of the cell, or of the largest cell at the point.

    Where the nodes of the cells are unknown, the distance of the fourth neighbour, which is too small in meshes
    of cells drawn out more than about ten to one.
    """
    if not mesh.cells:
        here = places(mesh, on)
        return KDTree(here).query(here, k=min(5, len(here)))[0][:, -1]
    sizes, at_points = [], np.zeros(mesh.n_points)
    for nodes in mesh.cells.values():
        corners = mesh.points[nodes]
        size = 2 * np.linalg.norm(corners - corners.mean(axis=1, keepdims=True), axis=2).max(axis=1)
        np.maximum.at(at_points, nodes, size[:, None])
        sizes.append(size)
    return at_points if on == "point" else np.concatenate(sizes)


def covered(mesh: Mesh, on: str, targets: np.ndarray) -> np.ndarray:
    """(t,) whether one of the places next to a target is within two of that place's own spacings."""
    here, spacing = places(mesh, on), spacings(mesh, on)
    distance, near = KDTree(here).query(targets, k=min(8, len(here)))
    near, distance = near.reshape(len(targets), -1), distance.reshape(len(targets), -1)
    return np.any(distance <= _REACH * spacing[near], axis=1)


def check_covered(mesh: Mesh, on: str, targets: np.ndarray) -> None:
    """Raises RunRejected ("wrong mesh") unless the mesh covers all targets."""
    missing = ~covered(mesh, on, targets)
    if missing.any():
        x, y, z = targets[missing][0]
        raise RunRejected(
            "wrong mesh",
            "A mesh that is mapped and the mesh of the study must cover each other",
            f"{missing.sum()} of {len(targets)} places out of reach, the first at ({x:g}, {y:g}, {z:g})",
            "Run the case on the same geometry, or choose a grid within what all runs have in common",
        )


def regular_grid(mesh: Mesh, shape: tuple[int, ...]) -> Mesh:
    """A grid over the box of the mesh's places, without those grid points that lie in holes or outside.

    It holds fields of points and fields of cells alike: its points are its cells' centres too. Where the mesh
    tells the centres of its cells alone, the box is theirs.

    shape: points along each axis in which the box has an extent. Raises RunRejected where it does not fit.
    """
    on = "point" if mesh.cell_centres is None else "cell"
    here = places(mesh, on)
    low, high = here.min(axis=0), here.max(axis=0)
    axes = np.flatnonzero(high - low > 1e-9 * np.max(high - low))
    if len(axes) != len(shape) or min(shape) < 2:
        raise RunRejected(
            "wrong mesh",
            f"A grid must have two or more points along each of the {len(axes)} axes of the mesh",
            " x ".join(map(str, shape)),
            "Correct 'grid' in the study file",
        )
    lines = [np.array([low[i]]) for i in range(3)]
    for axis, count in zip(axes, shape, strict=True):
        lines[axis] = np.linspace(low[axis], high[axis], count)
    points = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[covered(mesh, on, points)]
    volume = np.prod([np.ptp(lines[axis]) / (count - 1) for axis, count in zip(axes, shape, strict=True)])
    return Mesh(points, cell_centres=points, cell_volumes=np.full(len(points), volume))
