"""Where values live on a mesh, how far these places are apart, and what they cover."""

from __future__ import annotations

import numpy as np
from scipy.spatial import KDTree

from fieldwright.data.errors import RunRejected
from fieldwright.data.mesh.inside_cells import locate
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.mesh_difference import difference, remedy

# Share of an extent by which two meshes of one geometry may differ in it: a round outline in 20 sides is that short.
_EXTENT = 0.01
# A target farther than this many spacings from every source near it lies in a hole of the sources or outside.
_REACH = 2.0


def places_of(mesh: Mesh, on: str) -> np.ndarray:
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
        positions = places_of(mesh, on)
        return KDTree(positions).query(positions, k=min(5, len(positions)))[0][:, -1]
    sizes, at_points = [], np.zeros(mesh.n_points)
    for nodes in mesh.cells.values():
        corners = mesh.points[nodes]
        size = 2 * np.linalg.norm(corners - corners.mean(axis=1, keepdims=True), axis=2).max(axis=1)
        np.maximum.at(at_points, nodes, size[:, None])
        sizes.append(size)
    return at_points if on == "point" else np.concatenate(sizes)


def covered(mesh: Mesh, on: str, targets: np.ndarray) -> np.ndarray:
    """(t,) whether each target is in a cell of the mesh, or hardly outside of one (`data.mesh.inside_cells`).

    Where the nodes of the cells are unknown: whether one of the places next to the target is within two of that
    place's own spacings.
    """
    located = locate(mesh, targets)
    if located is not None:
        return located.inside
    positions, spacing = places_of(mesh, on), spacings(mesh, on)
    distance, near = KDTree(positions).query(targets, k=min(8, len(positions)))
    near, distance = near.reshape(len(targets), -1), distance.reshape(len(targets), -1)
    return np.any(distance <= _REACH * spacing[near], axis=1)


def check_covered(mesh: Mesh, reference: Mesh, on: str) -> None:
    """Raises RunRejected ("wrong mesh") unless mesh and reference cover each other and are of one size."""
    for one, other in ((mesh, reference), (reference, mesh)):
        targets = places_of(other, on)
        missing = ~covered(one, on, targets)
        if missing.any():
            x, y, z = targets[missing][0]
            raise _not_one_geometry(
                mesh,
                reference,
                f"{missing.sum()} of {len(targets)} places {'of the study ' if one is mesh else ''}outside of "
                f"{'the run' if one is mesh else 'the mesh of the study'}, the first at ({x:g}, {y:g}, {z:g}): ",
            )
    lows = mesh.points.min(axis=0), reference.points.min(axis=0)
    highs = mesh.points.max(axis=0), reference.points.max(axis=0)
    extent = np.minimum(highs[0] - lows[0], highs[1] - lows[1])
    off = np.maximum(np.abs(lows[0] - lows[1]), np.abs(highs[0] - highs[1]))
    # A mesh of one layer of cells and a plane of places are both two-dimensional.
    off[extent <= 1e-9 * extent.max()] = 0.0
    if np.any(off > _EXTENT * extent + _rim(mesh, reference, on)):
        raise _not_one_geometry(mesh, reference)


def _rim(mesh: Mesh, reference: Mesh, on: str) -> float:
    """How far the outermost places of both may lie within the geometry, where a mesh is known by places alone."""
    if not (_is_places(mesh) or _is_places(reference)):
        return 0.0
    return 0.5 * float(sum(np.median(spacings(one, on)) for one in (mesh, reference) if not one.cells))


def _is_places(mesh: Mesh) -> bool:
    centres = mesh.cell_centres
    return not mesh.cells and (centres is None or np.array_equal(centres, mesh.points))


def _not_one_geometry(mesh: Mesh, reference: Mesh, prefix: str = "") -> RunRejected:
    return RunRejected(
        "wrong mesh",
        "A mesh that is mapped and the mesh of the study must cover each other",
        prefix + difference(mesh, reference),
        remedy(mesh, reference, "Run the case on the same geometry"),
    )


def regular_grid(mesh: Mesh, shape: tuple[int, ...]) -> Mesh:
    """A grid over the box of the mesh's places, without those grid points that lie in holes or outside.

    It holds fields of points and fields of cells alike: its points are its cells' centres too. Where the mesh
    has only the centres of its cells, the box is theirs.

    shape: points along each axis in which the box has an extent. Raises RunRejected where it does not fit.
    """
    on = "point" if mesh.cell_centres is None else "cell"
    positions = places_of(mesh, on)
    low, high = positions.min(axis=0), positions.max(axis=0)
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
