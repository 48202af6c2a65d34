from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.readout.location import SIMPLICES, Locator

UNIT = st.floats(0.0, 1.0)


def square_with_a_hole() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A 3 x 3 square of quads whose middle one is missing."""
    a, b = np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij")
    points = np.stack([a.ravel(), b.ravel(), np.zeros(16)], axis=1)
    corner = np.array([4 * i + j for i in range(3) for j in range(3) if (i, j) != (1, 1)])
    return points, {"quad": np.stack([corner, corner + 4, corner + 5, corner + 1], axis=1)}


@given(UNIT, UNIT, UNIT)
def test_reproduces_linear_functions_between_bare_points(a, b, c):
    points = np.vstack(
        [np.random.default_rng(0).uniform(size=(60, 3)), np.indices((2, 2, 2)).reshape(3, -1).T]
    )
    found = Locator(points).locate((a, b, c))
    assert found.weight.min() >= 0.0
    np.testing.assert_allclose(found.weight @ points[found.index], [a, b, c], atol=1e-6)


def test_a_node_has_all_the_weight_itself():
    points, cells = square_with_a_hole()
    found = Locator(points, cells).locate((1.0, 2.0))
    assert found.index[found.weight.argmax()] == 6
    assert found.weight.max() == pytest.approx(1.0)


@pytest.mark.parametrize("at", [(1.5, 1.5), (3.1, 1.0), (-0.1, 0.0), (1.5, 1.5, 0.0)])
def test_refuses_places_in_a_hole_and_outside(at):
    points, cells = square_with_a_hole()
    with pytest.raises(QueryError, match=r"must lie on the mesh, within x 0..3, y 0..3.*no element contains"):
        Locator(points, cells).locate(at)


@pytest.mark.parametrize("at", [(1.0,), (0.5, 0.5, 0.2), (float("nan"), 0.5)])
def test_refuses_places_off_the_plane_or_without_enough_coordinates(at):
    points, cells = square_with_a_hole()
    with pytest.raises(QueryError, match=r"must have 2 coordinates"):
        Locator(points, cells).locate(at)


def test_a_planar_mesh_takes_its_own_plane_as_third_coordinate():
    points, cells = square_with_a_hole()
    points[:, 2] = 7.0
    locator = Locator(points, cells)
    np.testing.assert_array_equal(locator.locate((0.2, 0.3)).weight, locator.locate((0.2, 0.3, 7.0)).weight)


@pytest.mark.parametrize("name", [name for name in SIMPLICES if name not in ("line", "line3")])
def test_the_simplices_of_a_cell_fill_it_without_overlap(name):
    """Volumes add up to that of the reference cell, whose corners VTK's order fixes."""
    corners = {
        "tri": [(0, 0, 0), (1, 0, 0), (0, 1, 0)],
        "qua": [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)],
        "tet": [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)],
        "pyr": [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0.5, 0.5, 1)],
        "wed": [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1)],
        "hex": [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)],
    }[name[:3]]
    size = {"tri": 0.5, "qua": 1.0, "tet": 1 / 6, "pyr": 1 / 3, "wed": 0.5, "hex": 1.0}[name[:3]]
    nodes = np.array(corners, dtype=float)
    edges = {
        "triangle6": [(0, 1), (1, 2), (2, 0)],
        "tetra10": [(0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)],
    }
    middles = [(nodes[a] + nodes[b]) / 2 for a, b in edges.get(name, [])]
    nodes = np.vstack([nodes, *middles]) if middles else nodes
    volumes = []
    for simplex in SIMPLICES[name]:
        sides = nodes[list(simplex[1:])] - nodes[simplex[0]]
        volumes.append(np.sqrt(np.linalg.det(sides @ sides.T)) / (2.0 if len(sides) == 2 else 6.0))
    assert min(volumes) > 0.0
    assert sum(volumes) == pytest.approx(size)
    rng = np.random.default_rng(0)
    place = rng.dirichlet(np.ones(len(corners))) @ np.array(corners, dtype=float)
    padded = np.vstack([nodes, np.full((27 - len(nodes), 3), 50.0)])
    cell = {name: np.arange(27)[None]}
    found = Locator(padded, cell).locate(tuple(place))
    np.testing.assert_allclose(found.weight @ padded[found.index], place, atol=1e-9)


def test_boundary_lines_beside_triangles_are_not_asked():
    points = np.array([(0.0, 0, 0), (1, 0, 0), (0, 1, 0)])
    found = Locator(points, {"line": np.array([[0, 1]]), "triangle": np.array([[0, 1, 2]])}).locate(
        (0.25, 0.25)
    )
    assert len(found.index) == 3


def test_a_curved_shell_is_asked_in_three_coordinates():
    points = np.array([(0.0, 0, 0), (1, 0, 0), (0, 1, 1), (1, 1, 1)])
    locator = Locator(points, {"triangle": np.array([[0, 1, 2], [1, 3, 2]])})
    assert locator.locate((0.25, 0.25, 0.25)).weight @ points[:3, 2] == pytest.approx(0.25)
    with pytest.raises(QueryError, match=r"must lie on the mesh"):
        locator.locate((0.25, 0.25, 0.5))


def test_points_along_a_line_interpolate_between_neighbours():
    points = np.zeros((4, 3))
    points[:, 0] = [3.0, 0.0, 1.0, 2.0]
    found = Locator(points).locate((2.25,))
    assert dict(zip(found.index.tolist(), found.weight.tolist(), strict=True)) == pytest.approx(
        {3: 0.75, 0: 0.25}
    )
