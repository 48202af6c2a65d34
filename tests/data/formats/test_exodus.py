"""Exodus files written by the Exodus library, classic and NetCDF-4, against the formulas in make_exodus.c."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import reader_for, reader_named
from fieldwright.data.formats.parsing.finite_elements.exodus_cells import ORDERS, meshio_name

FORMS = ["classic", "netcdf4"]


@pytest.mark.parametrize("form", FORMS)
def test_nodal_fields_are_those_that_were_written(sample, form):
    path = sample("exodus") / f"{form}.e"
    run = reader_for(path).read(path)
    x, y, z = run.mesh.points.T
    assert run.times.tolist() == [0.25, 0.5, 0.75]
    for step, t in enumerate(run.times):
        assert run.fields["T"].values[step, :, 0] == pytest.approx(x + 10 * y + 100 * z + 1000 * t)
        assert run.fields["disp"].values[step] == pytest.approx(t * np.stack([x, 2 * y, 3 * z], axis=1))
    assert run.fields["disp"].components == ("x", "y", "z")
    assert run.mesh.n_points == 15


@pytest.mark.parametrize("form", FORMS)
def test_elements_keep_their_values_and_blocks_without_any_are_noted(sample, form):
    run = reader_named("exodus").read(sample("exodus") / f"{form}.e")
    heat = run.fields["heat"]
    assert heat.on == "cell"
    assert heat.values[1, :, 0].tolist() == [7.5, 14.5, 28.5]
    assert {kind: len(nodes) for kind, nodes in run.mesh.cells.items()} == {"hexahedron": 2, "wedge": 1}
    assert "1 tetra cells left out: no field lives on them" in run.notes


@pytest.mark.parametrize("form", FORMS)
def test_the_solids_have_their_true_volumes(sample, form):
    mesh = reader_named("exodus").read(sample("exodus") / f"{form}.e", ["T"]).mesh
    corner = mesh.points[mesh.cells["hexahedron"]]
    assert np.linalg.det(corner[:, [1, 3, 4]] - corner[:, [0]]) == pytest.approx([1, 1])
    (wedge,) = mesh.points[mesh.cells["wedge"]]
    assert np.linalg.det(wedge[[1, 2, 3]] - wedge[0]) / 2 == pytest.approx(0.5)
    assert mesh.cells["tetra"].tolist() == [[7, 8, 11, 13]]


def test_the_upright_edges_of_second_order_solids_move_behind_the_upper_ones():
    """In the data model's figures HEX20 counts lower, upright, upper edges: 13 to 16 are upright."""
    lower, upright, upper = (list(range(n, n + 4)) for n in (8, 12, 16))
    assert list(ORDERS["hexahedron20"]) == [*range(8), *lower, *upper, *upright]
    assert sorted(ORDERS["hexahedron27"]) == list(range(27))
    assert meshio_name("HEX8", 8) == meshio_name("hex", 8) == "hexahedron"
    assert meshio_name("TETRA", 10) == "tetra10"
    assert meshio_name("SHELL", 4) == "quad"
    assert meshio_name("NSIDED", 7) is None


def test_a_restart_file_is_recognised(sample, tmp_path):
    shutil.copy(sample("exodus") / "classic.e", tmp_path / "run.e-s002")
    assert reader_for(tmp_path / "run.e-s002").name == "exodus"


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_breaks_off_is_refused(sample, tmp_path, form):
    content = (sample("exodus") / f"{form}.e").read_bytes()
    (tmp_path / "cut.e").write_bytes(content[: len(content) // 2])
    with pytest.raises(ReadError, match=r"'cut\.e' must be a whole"):
        reader_named("exodus").read(tmp_path / "cut.e")


@pytest.mark.parametrize("form", FORMS)
def test_a_description_agrees_with_the_file(sample, form):
    path = sample("exodus") / f"{form}.e"
    described, run = reader_named("exodus").describe(path), reader_named("exodus").read(path, ["T"])
    assert (described.n_points, described.n_cells) == (run.mesh.n_points, run.mesh.n_cells) == (15, 4)
    assert described.times.tolist() == run.times.tolist()
    assert described.fields["disp"].components == ("x", "y", "z")
    with pytest.raises(ReadError, match="must hold the field 'nix'"):
        reader_named("exodus").read(path, ["nix"])
