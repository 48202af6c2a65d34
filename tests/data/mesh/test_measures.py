"""Volumes and weights against closed forms, and conversion between cells and points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import RunRejected
from fieldwright.data.formats import Field
from fieldwright.data.ingest.cell_point_conversion import converted
from fieldwright.data.mesh.measures import cell_measures, cell_weights, point_weights
from fieldwright.data.mesh.mesh import Mesh

CUBE = np.array(
    [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float
)
CELLS = {
    "line": ([0, 6], np.sqrt(3)),
    "triangle": ([0, 1, 2], 0.5),
    "quad": ([0, 1, 2, 3], 1.0),
    "polygon5": ([0, 1, 2, 3, 3], 1.0),
    "tetra": ([0, 1, 3, 4], 1 / 6),
    "pyramid": ([0, 1, 2, 3, 4], 1 / 3),
    "wedge": ([0, 1, 3, 4, 5, 7], 0.5),
    "hexahedron": (list(range(8)), 1.0),
}


@pytest.mark.parametrize("name", CELLS)
@given(scale=st.floats(0.1, 10), seed=st.integers(0, 50))
def test_every_cell_type_has_its_volume_however_it_is_turned(name, scale, seed):
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    nodes, volume = CELLS[name]
    power = {"line": 1, "triangle": 2, "quad": 2, "polygon5": 2}.get(name, 3)
    mesh = Mesh(scale * CUBE @ turn + 3, {name: np.array([nodes])})
    assert cell_measures(mesh)[0] == pytest.approx(volume * scale**power, rel=1e-6)


def test_higher_order_cells_are_measured_by_their_corners():
    tetra10 = np.concatenate([CUBE[[0, 1, 3, 4]], np.full((6, 3), 0.25)])
    assert cell_measures(Mesh(tetra10, {"tetra10": np.arange(10)[None]}))[0] == pytest.approx(1 / 6)


def test_point_weights_sum_to_the_volume_and_leave_lower_cells_out():
    mesh = Mesh(CUBE, {"line": np.array([[0, 1]]), "hexahedron": np.arange(8)[None]})
    np.testing.assert_allclose(point_weights(mesh), np.full(8, 1 / 8))
    np.testing.assert_allclose(cell_weights(mesh), [1.0, 1.0])


def test_points_of_no_cell_keep_a_weight_above_zero():
    mesh = Mesh(np.vstack([CUBE, [[9, 9, 9]]]), {"hexahedron": np.arange(8)[None]})
    assert point_weights(mesh).min() > 0
    assert point_weights(Mesh(CUBE)).tolist() == [1.0] * 8


def test_given_volumes_are_taken_as_they_are():
    mesh = Mesh(CUBE, cell_centres=CUBE[:2], cell_volumes=np.array([2.0, 3.0]))
    np.testing.assert_array_equal(cell_weights(mesh), [2, 3])


STRIP = Mesh(
    np.stack([np.arange(6) // 2, np.arange(6) % 2, np.zeros(6)], axis=1).astype(float),
    {"triangle": np.arange(4)[:, None] + np.arange(3)},
)


def test_cells_take_the_mean_of_their_nodes_so_linear_fields_stay_exact():
    field = Field((2 * STRIP.points[:, 0] - STRIP.points[:, 1])[None, :, None], "point")
    centres = STRIP.points[STRIP.cells["triangle"]].mean(axis=1)
    cells = converted(field, STRIP, "cell")
    assert cells.on == "cell"
    np.testing.assert_allclose(cells.values[0, :, 0], 2 * centres[:, 0] - centres[:, 1])


def test_points_take_the_mean_of_their_cells_so_constants_stay_exact():
    field = Field(np.full((2, 4, 3), 7.0, dtype=np.float32), "cell", ("x", "y", "z"))
    points = converted(field, STRIP, "point")
    np.testing.assert_array_equal(points.values, np.full((2, 6, 3), 7.0, dtype=np.float32))


def test_where_the_values_are_already_nothing_is_converted():
    field = Field(np.zeros((1, 6, 1)), "point")
    assert converted(field, STRIP, "point") is field


def test_conversion_without_the_nodes_of_the_cells_is_refused():
    mesh = Mesh(CUBE, cell_centres=CUBE[:2])
    with pytest.raises(RunRejected, match="needs the nodes of the cells"):
        converted(Field(np.zeros((1, 2, 1)), "cell"), mesh, "point")
