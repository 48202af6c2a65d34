"""MED written by code_saturne, against the solver's own probe at the centre of a cell."""

from __future__ import annotations

import itertools
from pathlib import Path

import h5py
import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import reader_for, reader_named


def probed(folder: Path, variable: str) -> np.ndarray:
    """What the probe at (1, 0.25, 0.125) saw at the two times that were written, 0.1 and 0.2 s."""
    rows = np.loadtxt(folder / "monitoring" / f"probes_{variable}.csv", delimiter=",", skiprows=1)
    return rows[np.isin(np.round(rows[:, 0], 9), [0.1, 0.2]), 1]


def centres(mesh) -> np.ndarray:
    return mesh.points[mesh.cells["hexahedron"]].mean(axis=1)


def test_values_stand_in_the_cell_of_the_solvers_probe(sample):
    run = reader_for(sample("saturne") / "med.med").read(sample("saturne") / "med.med")
    at = np.argmin(np.linalg.norm(centres(run.mesh) - [1, 0.25, 0.125], axis=1))
    assert centres(run.mesh)[at] == pytest.approx([1, 0.25, 0.125])
    assert run.times.tolist() == [0.1, 0.2]
    assert run.fields["Pressure"].values[:, at, 0] == pytest.approx(
        probed(sample("saturne"), "Pressure"), rel=1e-7
    )
    for i, axis in enumerate("XYZ"):
        known = probed(sample("saturne"), f"Velocity[{axis}]")
        assert run.fields["Velocity"].values[:, at, i] == pytest.approx(known, rel=1e-7)
    assert run.fields["Velocity"].components == ("x", "y", "z")
    assert run.fields["Velocity"].on == "cell"


def test_bricks_are_turned_to_have_positive_volumes(sample):
    """MED counts the lower side the other way round: unturned, every volume would be -1/6."""
    mesh = reader_named("med").read(sample("saturne") / "med.med").mesh
    corner = mesh.points[mesh.cells["hexahedron"]]
    edges = corner[:, [1, 3, 4]] - corner[:, [0]]
    assert np.linalg.det(edges) == pytest.approx(np.full(12, 2 / 3 * 0.5 * 0.25))


def test_faces_that_no_field_lives_on_are_left_out(sample):
    run = reader_named("med").read(sample("saturne") / "med.med", ["Pressure"])
    assert list(run.mesh.cells) == ["hexahedron"]
    assert "32 quad cells left out: no field lives on them" in run.notes


def write(path: Path, kinds: dict[str, np.ndarray], points: np.ndarray) -> h5py.File:
    """A MED file of a mesh alone, nodes counted from 1, everything component by component."""
    file = h5py.File(path, "w")
    mesh = file.create_group("ENS_MAA/mesh")
    mesh.attrs["ESP"] = np.int32(3)
    step = mesh.create_group("-0000000000000000001-0000000000000000001")
    step["NOE/COO"] = points.T.ravel()
    for kind, nodes in kinds.items():
        step[f"MAI/{kind}/NOD"] = nodes.T.ravel().astype(np.int32)
        step[f"MAI/{kind}/NOD"].attrs["NBR"] = np.int32(len(nodes))
    return file


def add(
    file: h5py.File, name: str, place: str, values: np.ndarray, time: float, profile=None, points=1
) -> None:
    group = file.require_group(f"CHA/{name}")
    group.attrs.update(MAI=b"mesh", NCO=np.int32(values.shape[1]), NOM=b"", UNI=b"K".ljust(16))
    step = group.require_group(f"{len(group):020d}")
    step.attrs.update(NDT=np.int32(len(group)), NOR=np.int32(-1), PDT=time)
    part = step.create_group(f"{place}/{profile or 'MED_NO_PROFILE_INTERNAL'}")
    part.attrs["NGA"] = np.int32(points)
    part["CO"] = values.T.ravel()


CORNERS = {
    "TE4": [(0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1)],
    "HE8": [(0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0, 1)],
    "PE6": [(0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1)],
}
# The edges of MED's solids in MED's own numbering, as its documentation draws them.
EDGES = {
    "T10": ("TE4", "01 12 20 03 13 23"),
    "H20": ("HE8", "01 12 23 30 45 56 67 74 04 15 26 37"),
    "P15": ("PE6", "01 12 20 34 45 53 03 14 25"),
}


@pytest.mark.parametrize("kind", list(EDGES))
def test_solids_of_second_order_are_turned_with_their_edges(tmp_path, kind):
    plain, edges = EDGES[kind]
    corners = np.array(CORNERS[plain], dtype=float)
    middles = [corners[[int(a), int(b)]].mean(axis=0) for a, b in edges.split()]
    points = np.vstack([corners, middles])
    write(tmp_path / "one.med", {kind: np.arange(1, len(points) + 1)[None]}, points).close()
    mesh = reader_for(tmp_path / "one.med").read(tmp_path / "one.med").mesh
    ((name, (nodes,)),) = mesh.cells.items()
    x = mesh.points[nodes]
    # meshio's order counts the edges of its corners in the very same way.
    for i, (a, b) in enumerate(edges.split()):
        assert x[len(corners) + i] == pytest.approx(x[[int(a), int(b)]].mean(axis=0)), (name, a, b)
    assert (
        np.linalg.det(
            (x[1:4] if kind == "T10" else x[[1, 2 if kind == "P15" else 3, len(corners) // 2]]) - x[0]
        )
        > 0
    )


def test_profiles_place_values_and_leave_nan_elsewhere(tmp_path):
    file = write(tmp_path / "part.med", {"TE4": np.array([[1, 2, 3, 4]])}, np.array(CORNERS["TE4"], float))
    file["PROFILS/some/PFL"] = np.array([4, 2], dtype=np.int32)
    add(file, "T", "NOE", np.array([[40.0], [20.0]]), 0.5, "some")
    file.close()
    run = reader_named("med").read(tmp_path / "part.med")
    values = run.fields["T"].values[0, :, 0]
    assert values[[3, 1]].tolist() == [40, 20]
    assert np.isnan(values[[0, 2]]).all()
    assert "T is not given everywhere, NaN elsewhere" in run.notes
    assert run.fields["T"].unit == "K"
    assert run.times.tolist() == [0.5]


def test_gauss_points_are_left_out_with_a_note(tmp_path):
    file = write(tmp_path / "gauss.med", {"TE4": np.array([[1, 2, 3, 4]])}, np.array(CORNERS["TE4"], float))
    add(file, "S", "MAI.TE4", np.arange(4.0)[:, None], 1.0, points=4)
    file.close()
    assert any(
        "S left out: values of S at Gauss points" in n
        for n in reader_named("med").read(tmp_path / "gauss.med").notes
    )
    with pytest.raises(ReadError, match="Fields must live on nodes or cells"):
        reader_named("med").read(tmp_path / "gauss.med", ["S"])


def test_fields_of_different_times_are_refused(tmp_path):
    file = write(tmp_path / "times.med", {"TE4": np.array([[1, 2, 3, 4]])}, np.array(CORNERS["TE4"], float))
    for name, time in itertools.product("TU", (1.0, 2.0)):
        if (name, time) != ("U", 2.0):
            add(file, name, "NOE", np.ones((4, 1)), time)
    file.close()
    with pytest.raises(ReadError, match="must have the same times"):
        reader_named("med").read(tmp_path / "times.med")
    assert reader_named("med").read(tmp_path / "times.med", ["T"]).times.tolist() == [1, 2]
