"""The plate's mesh: a ring of cells round the hole between two rectangular blocks, as curved triangles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from skfem import MeshTri, MeshTri2

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.plate import Plate

RING_GRADING = 1.8  # cells at the hole are exp(1.8) = 6 times shorter than those at the ring's outer edge


def plate_mesh(plate: Plate, divisions: int = 32) -> MeshTri2:
    """Six-node triangles whose edges follow the hole's circle; mirror-symmetric about y = width / 2.

    divisions: cells over the width, a multiple of 4, so that the patch is a union of cells. 32 gives 4,256
    vertices and 8,192 triangles. Named parts: boundaries "left", "right", "hole"; subdomain "patch".
    Raises FieldwrightError when divisions or the plate's lengths do not fit this layout.
    """
    _check(plate, divisions)
    y = np.linspace(0.0, plate.width, divisions + 1)
    middle = plate.hole_centre[0]
    left = np.linspace(0.0, middle - plate.width / 2, divisions // 2 + 1)
    right = np.linspace(middle + plate.width / 2, plate.length, divisions // 2 + 1)
    blocks = [_block(left, y), _ring(plate, left[-1], right[0], y), _block(right, y)]

    # Neighbouring blocks share the very numbers of their common edge, so equal points are equal bit by bit.
    corners = np.concatenate([block[quads] for block, quads in blocks])
    points, nodes = np.unique(corners.reshape(-1, 2), axis=0, return_inverse=True)
    triangles = _split(nodes.reshape(-1, 4), corners.mean(axis=1)[:, 1] > plate.width / 2)
    mesh = MeshTri2.from_mesh(MeshTri(points.T.copy(), triangles.T.copy()))
    return _with_names(_curved(mesh, plate), plate)


def oriented_triangles(mesh: MeshTri2) -> np.ndarray:
    """Corner nodes (k, 3) of the triangles, counter-clockwise, as files and plots expect them."""
    nodes = np.array(mesh.t.T, dtype=np.int64)
    a, b, c = (mesh.doflocs[:, nodes[:, i]] for i in range(3))
    clockwise = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) < 0
    nodes[clockwise] = nodes[clockwise][:, [0, 2, 1]]
    return nodes


def _check(plate: Plate, divisions: int) -> None:
    if divisions < 4 or divisions % 4:
        raise FieldwrightError("The mesh's 'divisions' must be a multiple of 4", str(divisions), "Take 32")
    cell = plate.width / divisions
    block = (plate.length - plate.width) / 2
    along, across = plate.patch_length / (block / (divisions // 2)), plate.patch_width / cell
    fits = np.isclose([along, across], np.round([along, across])).all() and round(across) % 2 == 0
    if not (
        0 < plate.hole_radius < plate.width / 2 < plate.length / 2 and plate.patch_length <= block and fits
    ):
        raise FieldwrightError(
            "The plate must be longer than wide, its hole inside the width, its patch a whole number of cells "
            "left of the square round the hole",
            str(plate),
            "Change the lengths or 'divisions'",
        )


def _quads(rows: int, columns: int) -> np.ndarray:
    first = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    return np.stack([first, first + columns + 1, first + columns + 2, first + 1], axis=1)


def _block(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
    return points, _quads(len(x) - 1, len(y) - 1)


def _ring(plate: Plate, x_low: float, x_high: float, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rays from the circle to the square, counter-clockwise from the square's lower right corner."""
    n = len(y) - 1
    x = np.linspace(x_low, x_high, n + 1)
    sides = [
        np.stack([np.full(n, x_high), y[:-1]], axis=1),
        np.stack([x[:0:-1], np.full(n, y[-1])], axis=1),
        np.stack([np.full(n, x_low), y[:0:-1]], axis=1),
        np.stack([x[:-1], np.full(n, y[0])], axis=1),
    ]
    square = np.concatenate([*sides, sides[0][:1]])
    angle = -np.pi / 4 + 2 * np.pi * np.arange(4 * n + 1) / (4 * n)
    circle = np.asarray(plate.hole_centre) + plate.hole_radius * np.stack(
        [np.cos(angle), np.sin(angle)], axis=1
    )
    circle[-1] = circle[0]
    levels = 3 * n // 4
    outward = np.expm1(RING_GRADING * np.linspace(0.0, 1.0, levels + 1)) / np.expm1(RING_GRADING)
    points = (1 - outward[:, None, None]) * circle + outward[:, None, None] * square
    return points.reshape(-1, 2), _quads(levels, 4 * n)


def _split(quads: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Two triangles a cell, by diagonals that are mirrored between the halves of the plate."""
    a, b, c, d = quads.T
    one = np.where(upper, [a, b, c], [a, b, d]).T
    other = np.where(upper, [a, c, d], [b, c, d]).T
    return np.concatenate([one, other])


def _curved(mesh: MeshTri2, plate: Plate) -> MeshTri2:
    """The mesh with the middle nodes of the hole's edges moved onto the circle."""
    centre = np.asarray(plate.hole_centre)[:, None]
    hole = _hole_facets(mesh, plate)
    middle_nodes = mesh.dofs.get_facet_dofs(hole).flatten()
    nodes = np.array(mesh.doflocs)
    offset = nodes[:, middle_nodes] - centre
    nodes[:, middle_nodes] = centre + plate.hole_radius * offset / np.linalg.norm(offset, axis=0)
    return replace(mesh, doflocs=nodes)


def _hole_facets(mesh: MeshTri2, plate: Plate) -> np.ndarray:
    boundary = mesh.boundary_facets()
    ends = mesh.doflocs[:, np.asarray(mesh.facets)[:, boundary]]
    distance = np.hypot(ends[0] - plate.hole_centre[0], ends[1] - plate.hole_centre[1])
    return boundary[np.isclose(distance, plate.hole_radius).all(axis=0)]


def _with_names(mesh: MeshTri2, plate: Plate) -> MeshTri2:
    half = plate.patch_width / 2
    return (
        mesh.with_boundaries(
            {
                "left": lambda x: np.isclose(x[0], 0.0),
                "right": lambda x: np.isclose(x[0], plate.length),
            }
        )
        .with_boundaries({"hole": _hole_facets(mesh, plate)})
        .with_subdomains(
            {"patch": lambda x: (x[0] < plate.patch_length) & (abs(x[1] - plate.width / 2) < half)}
        )
    )
