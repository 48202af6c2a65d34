"""Gmsh files of a slab that GetDP warmed up, against GetDP's own prints, and meshes of every kind of element."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats import reader_for, reader_named

FORMS = ["", "_binary", "_new"]


def read(path: Path, fields=None):
    return reader_for(path).read(path, fields)


def weights_at(mesh, x: float, y: float) -> tuple[int, np.ndarray, np.ndarray]:
    """The triangle at a point, its nodes, and the point's barycentric coordinates in it."""
    for i, nodes in enumerate(mesh.cells["triangle"]):
        corners = np.vstack([mesh.points[nodes, :2].T, np.ones(3)])
        weights = np.linalg.solve(corners, [x, y, 1])
        if weights.min() > -1e-12:
            return i, nodes, weights
    raise AssertionError("no triangle there")


@pytest.mark.parametrize("form", FORMS)
def test_nodal_values_interpolate_to_what_the_solver_prints(sample, form):
    run = read(sample("gmsh") / f"T{form}.msh")
    rows = np.loadtxt(sample("gmsh") / "middle.txt")
    assert run.times.tolist() == rows[:, 1].tolist() == [0, 0.5, 1]
    _, nodes, weights = weights_at(run.mesh, 1, 0.6)
    assert run.fields["T"].on == "point"
    assert run.fields["T"].values[:, nodes, 0] @ weights == pytest.approx(rows[:, 5], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("form", FORMS)
def test_nodal_values_integrate_to_what_the_solver_prints(sample, integral, form):
    run = read(sample("gmsh") / f"T{form}.msh")
    rows = np.loadtxt(sample("gmsh") / "integral.txt")
    assert [integral(run.mesh, step[:, 0]) for step in run.fields["T"].values] == pytest.approx(rows[:, 1])


@pytest.mark.parametrize("form", FORMS)
def test_values_constant_in_each_element_live_on_cells(sample, form):
    run = read(sample("gmsh") / f"gradient{form}.msh")
    rows = np.loadtxt(sample("gmsh") / "gradient.txt")
    triangle, _, _ = weights_at(run.mesh, 1, 0.6)
    assert run.fields["gradient"].on == "cell"
    assert run.fields["gradient"].values[:, triangle] == pytest.approx(rows[:, 5:], rel=1e-9, abs=1e-12)


KINDS = ["kinds_msh22", "kinds_msh22_binary", "kinds_msh41", "kinds_msh41_binary", "kinds_incomplete"]
EDGES = {
    "hexahedron": "01 12 23 30 45 56 67 74 04 15 26 37",
    "wedge": "01 12 20 34 45 53 03 14 25",
    "tetra": "01 12 20 03 13 23",
}
FACES = {"hexahedron27": "0473 1562 0154 3762 0123 4567 01234567", "wedge18": "0143 1254 2035"}


@pytest.mark.parametrize("name", KINDS)
def test_nodes_of_second_order_stand_halfway_in_meshios_order(sample, name):
    """Straight elements: a node on an edge or face is the mean of its corners in one order alone."""
    mesh = read(sample("gmsh") / f"{name}.msh").mesh
    assert sum(len(nodes) for nodes in mesh.cells.values()) == 29
    for kind, cells in mesh.cells.items():
        plain = kind.rstrip("0123456789")
        groups = EDGES[plain].split() + FACES.get(kind, "").split()
        x = mesh.points[cells]
        corners = x.shape[1] - len(groups)
        for i, group in enumerate(groups):
            of_group = x[:, [int(corner) for corner in group]]
            assert x[:, corners + i] == pytest.approx(of_group.mean(axis=1), abs=1e-12), (kind, group)


def test_every_format_gives_one_mesh(sample):
    """Numbers of nodes differ between the formats; where the nodes of each element are does not."""
    sets = []
    for name in KINDS[:4]:
        mesh = read(sample("gmsh") / f"{name}.msh").mesh
        sets.append(
            {
                (kind, np.round(mesh.points[c], 9).tobytes())
                for kind, cells in mesh.cells.items()
                for c in cells
            }
        )
    assert sets[0] == sets[1] == sets[2] == sets[3]


def data(tmp_path: Path, sections: str) -> Path:
    """Two triangles 11 and 12 with nodes 3, 5, 8, 9, and what a solver says about them."""
    (tmp_path / "two.msh").write_text(
        "$MeshFormat\n2.2 0 8\n$EndMeshFormat\n$Nodes\n4\n3 0 0 0\n5 1 0 0\n8 1 1 0\n9 0 1 0\n$EndNodes\n"
        "$Elements\n2\n11 2 2 1 1 3 5 8\n12 2 2 1 1 3 8 9\n$EndElements\n" + sections
    )
    return tmp_path / "two.msh"


def nodal(time: float, step: int, rows: str, name: str = "u", kind: str = "NodeData", width: int = 1) -> str:
    count = len(rows.splitlines())
    return f'${kind}\n1\n"{name}"\n1\n{time}\n3\n{step}\n{width}\n{count}\n{rows}\n$End{kind}\n'


def test_all_steps_are_kept_in_the_order_of_their_numbers(tmp_path):
    """meshio keeps the last step alone."""
    later, sooner = nodal(0.5, 1, "9 4\n8 3\n5 2\n3 1"), nodal(0.25, 0, "3 10\n5 20\n8 30\n9 40")
    run = read(data(tmp_path, later + sooner))
    assert run.times.tolist() == [0.25, 0.5]
    assert run.fields["u"].values[..., 0].tolist() == [[10, 20, 30, 40], [1, 2, 3, 4]]


def test_parts_of_a_step_from_several_processes_are_put_together(tmp_path):
    run = read(data(tmp_path, nodal(0, 0, "3 1\n5 2") + nodal(0, 0, "8 3")))
    assert run.fields["u"].values[0, :3, 0].tolist() == [1, 2, 3]
    assert np.isnan(run.fields["u"].values[0, 3, 0])
    assert "u is not given everywhere, NaN elsewhere" in run.notes
    assert run.times is None


def test_elements_find_their_values_by_number(tmp_path):
    run = read(data(tmp_path, nodal(0, 0, "12 7 8 9\n11 1 2 3", kind="ElementData", width=3)))
    assert run.fields["u"].values.tolist() == [[[1, 2, 3], [7, 8, 9]]]
    assert run.fields["u"].on == "cell"


def test_values_that_jump_and_vary_are_left_out_with_a_note(tmp_path):
    path = data(tmp_path, nodal(0, 0, "11 3 1 2 3\n12 3 5 6 7", kind="ElementNodeData"))
    assert any("u left out: values of u that jump" in note for note in read(path).notes)
    with pytest.raises(ReadError, match="must live on nodes or elements"):
        read(path, ["u"])


def test_steps_that_differ_between_fields_are_refused(tmp_path):
    path = data(tmp_path, nodal(0, 0, "3 1") + nodal(1, 1, "3 1") + nodal(0, 0, "3 1", name="v"))
    with pytest.raises(ReadError, match="must have the same steps"):
        read(path)
    assert list(read(path, ["v"]).fields) == ["v"]


@pytest.mark.parametrize(
    ("before", "after", "error", "sentence"),
    [
        ("$Nodes\n4", "$Nodes\n5", TruncatedError, "ends before"),
        ("$Nodes\n4", "$Nodes\n3", ReadError, "numbers too many"),
        ("3 5 8\n", "3 5 77\n", ReadError, "that are not there"),
        ("11 2 2", "11 999 2", ReadError, "Gmsh's type 999"),
        ("2.2 0 8", "1.0 0 8", ReadError, "2.2 or 4.1. Got version 1"),
        ("$EndNodes\n", "", ReadError, r"\$Nodes, which does not end"),
        ("1 1 0\n", "1 x 0\n", ReadError, "text among the numbers"),
    ],
)
def test_files_that_contradict_themselves_are_refused(tmp_path, before, after, error, sentence):
    path = data(tmp_path, "")
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    with pytest.raises(error, match=sentence):
        read(path)


def test_a_description_agrees_with_what_is_read(sample):
    path = sample("gmsh") / "T.msh"
    described, run = reader_named("msh").describe(path), read(path)
    assert (described.n_points, described.n_cells) == (run.mesh.n_points, run.mesh.n_cells) == (18, 22)
    assert described.fields["T"].on == "point"
    assert described.times.tolist() == run.times.tolist()
