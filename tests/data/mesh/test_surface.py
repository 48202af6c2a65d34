"""The surface of a mesh as triangles: closed, of the known area, seen from every kind of cell."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from fieldwright.data.mesh import surface
from fieldwright.data.mesh.surface import outer_surface

CORNERS = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=float)
HEXAHEDRON = np.array([[0, 1, 3, 2, 4, 5, 7, 6]])
"""The unit cube, by VTK's order of nodes."""


def box(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and hexahedra of the unit cube, n cells along each axis."""
    axis = np.linspace(0.0, 1.0, n + 1)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    index = np.arange((n + 1) ** 3).reshape(n + 1, n + 1, n + 1)
    low, high = slice(None, -1), slice(1, None)
    order = [
        *((low, low, low), (high, low, low), (high, high, low), (low, high, low)),
        *((low, low, high), (high, low, high), (high, high, high), (low, high, high)),
    ]
    return points, np.stack([index[one].ravel() for one in order], axis=1)


def second_order(points: np.ndarray, name: str, nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same cells with nodes in the middles of their edges."""
    sides = surface._EDGES[name]
    rows = np.sort(nodes[:, np.array(sides)].reshape(-1, 2), axis=1)
    pairs, inverse = np.unique(rows, axis=0, return_inverse=True)
    middles = points[pairs].mean(axis=1)
    more = len(points) + inverse.reshape(len(nodes), len(sides))
    return np.concatenate([points, middles]), np.concatenate([nodes, more], axis=1)


def area(points: np.ndarray, triangles: np.ndarray) -> float:
    a, b, c = (points[triangles[:, k]] for k in range(3))
    return 0.5 * float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())


def is_closed(triangles: np.ndarray) -> bool:
    sides = np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    return set(Counter(map(tuple, sides.tolist())).values()) == {2}


TETRAHEDRA = [(0, 1, 3, 4), (1, 2, 3, 6), (1, 3, 4, 6), (3, 4, 6, 7), (1, 4, 5, 6)]
SOLIDS = {
    "hexahedron": [tuple(range(8))],
    "tetra": TETRAHEDRA,
    "wedge": [(0, 1, 2, 4, 5, 6), (0, 2, 3, 4, 6, 7)],
    "pyramid": [
        (0, 1, 2, 3, 8),
        (4, 7, 6, 5, 8),
        (0, 4, 5, 1, 8),
        (1, 5, 6, 2, 8),
        (2, 6, 7, 3, 8),
        (3, 7, 4, 0, 8),
    ],
}
"""The unit cube cut into cells of each family, by the corners of a hexahedron and its centre."""


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", SOLIDS)
def test_the_surface_of_a_cube_is_closed_and_has_its_area(name: str, order: int) -> None:
    points = np.concatenate([CORNERS[HEXAHEDRON[0]], [[0.5, 0.5, 0.5]]])
    nodes = np.array(SOLIDS[name])
    if order == 2:
        points, nodes = second_order(points, name, nodes)
    found = outer_surface({f"{name}{nodes.shape[1] if order == 2 else ''}": nodes})
    assert area(points, found.triangles) == pytest.approx(6.0)
    assert is_closed(found.triangles)
    inner = {2} if name == "tetra" else set()
    assert set(found.cell.tolist()) == set(range(len(nodes))) - inner
    seen = points[np.unique(found.triangles)]
    assert ((seen == 0.0) | (seen == 1.0)).any(axis=1).all()


def test_inner_faces_and_their_nodes_are_left_out() -> None:
    points, nodes = box(4)
    found = outer_surface({"hexahedron": nodes})
    assert area(points, found.triangles) == pytest.approx(6.0)
    assert len(found.triangles) == 6 * 16 * 2
    assert len(np.unique(found.triangles)) == 5**3 - 3**3
    assert len(found.edges) == 12 * 4 + 6 * 2 * 4 * 3
    np.testing.assert_array_equal(np.unique(found.cell), np.flatnonzero(_touches(points, nodes)))


def _touches(points: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    centre = points[nodes].mean(axis=1)
    return ((centre < 0.25) | (centre > 0.75)).any(axis=1)


def test_flat_cells_of_all_kinds_are_triangles_and_count_from_the_first_kind_on() -> None:
    points = np.array(
        [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0], [2.5, 0.5, 0], [2, 1, 0]], dtype=float
    )
    cells = {
        "line": np.array([[0, 1]]),
        "quad": np.array([[0, 1, 2, 3]]),
        "polygon5": np.array([[1, 4, 5, 6, 2]]),
    }
    found = outer_surface(cells)
    assert area(points, found.triangles) == pytest.approx(1.0 + 1.25)
    assert sorted(found.cell.tolist()) == [1, 1, 2, 2, 2]
    assert len(found.edges) == 4 + 5 - 1
    np.testing.assert_array_equal(outer_surface({"line3": np.array([[0, 2, 1]])}).edges, [[0, 1], [1, 2]])
    assert len(outer_surface({}).triangles) == 0


def test_a_quadratic_triangle_shows_the_nodes_between_its_corners() -> None:
    points = np.array(
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0.5, -0.2, 0], [0.5, 0.5, 0], [0, 0.5, 0]], dtype=float
    )
    found = outer_surface({"triangle6": np.arange(6)[None]})
    assert set(np.unique(found.triangles)) == set(range(6))
    assert area(points, found.triangles) == pytest.approx(0.5 + 0.5 * 0.2)


def test_numbers_too_large_for_keys_give_the_same_surface() -> None:
    _, nodes = box(2)
    small = outer_surface({"hexahedron": nodes})
    far = outer_surface({"hexahedron": nodes + 2**40})
    np.testing.assert_array_equal(np.sort(far.triangles - 2**40, axis=0), np.sort(small.triangles, axis=0))
    np.testing.assert_array_equal(far.edges - 2**40, small.edges)
