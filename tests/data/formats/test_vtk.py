"""VTK's other files, written by FreeFEM, OpenFOAM and DOLFINx, against what these print themselves."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats import reader_for, reader_named


def printed(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Rows of (x, y, u, v, w) at the nodes, and the integrals of u, v and q, as FreeFEM printed them."""
    lines = (folder / "printed.txt").read_text().splitlines()
    nodes = np.array([line.split()[1:] for line in lines if line.startswith("node")], dtype=float)
    (integrals,) = (np.array(line.split()[1:], dtype=float) for line in lines if line.startswith("integrals"))
    return nodes, integrals


def read(path: Path, fields=None):
    return reader_for(path).read(path, fields)


@pytest.mark.parametrize(("name", "exact"), [("text", 1e-11), ("binary", 1e-6)])
def test_freefems_values_stand_at_its_nodes(sample, name, exact):
    run = read(sample("freefem") / f"{name}.vtk")
    nodes, _ = printed(sample("freefem"))
    assert run.mesh.points[:, :2] == pytest.approx(nodes[:, :2], abs=1e-6)
    assert run.fields["u"].values[0, :, 0] == pytest.approx(nodes[:, 2], rel=exact, abs=1e-12)
    assert run.fields["vw"].values[0] == pytest.approx(
        np.pad(nodes[:, 3:], ((0, 0), (0, 1))), rel=exact, abs=1e-12
    )
    assert run.fields["vw"].components == ("x", "y", "z")
    assert run.mesh.cells["triangle"].shape == (24, 3)
    assert run.times is None


def test_cells_and_tetrahedra_integrate_as_freefem_does(sample, integral):
    _, integrals = printed(sample("freefem"))
    flat, cube = read(sample("freefem") / "cells.vtk"), read(sample("freefem") / "cube.vtk")
    # A quadratic u has another mean over a triangle than at its middle: only the linear part is exact there.
    assert integral(flat.mesh, flat.fields["u"].values[0, :, 0]) == pytest.approx(integrals[0], rel=2e-3)
    assert integral(cube.mesh, cube.fields["q"].values[0, :, 0]) == pytest.approx(integrals[2], rel=1e-6)
    assert "cells of several types: 24 tetra, 32 triangle" in cube.notes


@pytest.mark.parametrize("form", ["text", "binary"])
def test_openfoams_cells_carry_what_its_probes_found(sample, form):
    folder = sample("openfoam_foamtovtk")
    run = read(folder / form / "foamtovtk_6.vtk")
    assert run.times == pytest.approx([0.03])
    assert run.mesh.cells["hexahedron"].shape == (24, 8)
    line = (folder / "postProcessing" / "probes" / "0" / "U").read_text().splitlines()[-1]
    wanted = np.array(re.findall(r"\(([^)]*)\)", line)[1].split(), dtype=float)
    centres = run.mesh.points[run.mesh.cells["hexahedron"]].mean(axis=1)
    nearest = np.argmin(np.linalg.norm(centres - [0.0574, 0.0494, 0.0174], axis=1))
    assert run.fields["U (cell)"].values[0, nearest] == pytest.approx(wanted, rel=1e-4)
    assert run.fields["U"].on == "point"


@pytest.mark.parametrize("part", ["inlet", "outlet", "walls"])
def test_surfaces_are_alike_in_xml_text_and_binary(sample, part):
    folder = sample("openfoam_foamtovtk")
    text, binary = (read(folder / form / part / f"{part}_6.vtk") for form in ("text", "binary"))
    xml = read(folder / "xml" / "foamtovtk_6" / "boundary" / f"{part}.vtp")
    for other in (binary, xml):
        assert other.mesh.points == pytest.approx(text.mesh.points, abs=1e-6)
        assert np.array_equal(other.mesh.cells["quad"], text.mesh.cells["quad"])
        assert other.fields["p (cell)"].values == pytest.approx(text.fields["p (cell)"].values, rel=1e-5)
    assert xml.times == pytest.approx([0.03])
    if part == "inlet":
        # The inflow velocity that the case prescribes.
        assert xml.fields["U (cell)"].values[0] == pytest.approx(np.tile([1, 0.1, 0], (6, 1)))


def test_a_collection_has_its_own_times_and_all_pieces(sample, integral):
    """Two processes: with the three ghost cells counted twice, the integral would be too large."""
    run = read(sample("dolfinx") / "pvd.pvd")
    rows = np.loadtxt(sample("dolfinx") / "printed.txt")
    assert run.times.tolist() == rows[:, 0].tolist()
    values = run.fields["u"].values
    assert [integral(run.mesh, step[:, 0]) for step in values] == pytest.approx(rows[:, 1])
    assert run.mesh.cells["triangle"].shape == (24, 3)
    assert {"2 parts joined", "3 ghost cells left out"} <= set(run.notes)
    x, y, _ = run.mesh.points.T
    assert values[1, :, 0] == pytest.approx(3 * x + y**2 + 1)


def test_a_missing_piece_is_refused(sample, tmp_path):
    folder = Path(shutil.copytree(sample("dolfinx"), tmp_path / "run"))
    (folder / "pvd_p1_000001.vtu").unlink()
    with pytest.raises(ReadError, match=r"All pieces of 'pvd000001\.pvtu' must lie beside it"):
        read(folder / "pvd.pvd")
    (folder / "pvd000001.pvtu").unlink()
    with pytest.raises(ReadError, match=r"All files of 'pvd\.pvd' must be there. Got no 'pvd000001\.pvtu'"):
        read(folder / "pvd.pvd")


def test_numbered_files_without_times_are_numbered_with_a_note(sample):
    run = read(sample("freefem"))
    nodes, _ = printed(sample("freefem"))
    assert reader_for(sample("freefem")).name == "series"
    assert run.times.tolist() == [1, 2, 3]
    assert any("give no time" in note for note in run.notes)
    for step, values in enumerate(run.fields["u"].values[..., 0]):
        assert values == pytest.approx(nodes[:, 2] + step, rel=1e-6, abs=1e-6)


def test_a_list_of_files_gives_their_times(sample):
    """OpenFOAM v1912 lists legacy files without their stem: "_6" for foamtovtk_6.vtk."""
    path = sample("openfoam_foamtovtk") / "text" / "foamtovtk.vtk.series"
    run = reader_for(path).read(path, ["p"])
    assert run.times.tolist() == [0.015, 0.03]
    assert run.fields["p"].values.shape == (2, 60, 1)


def test_a_mesh_that_changes_within_a_series_is_refused(sample, tmp_path):
    shutil.copy(sample("freefem") / "text.vtk", tmp_path / "a_1.vtk")
    shutil.copy(sample("freefem") / "cube.vtk", tmp_path / "a_2.vtk")
    with pytest.raises(ReadError, match=r"one mesh.*'a_2\.vtk'"):
        read(tmp_path)


def test_two_series_in_a_folder_need_a_name(sample, tmp_path):
    for stem in ("a", "b"):
        for number in (9, 10):
            shutil.copy(sample("freefem") / "text.vtk", tmp_path / f"{stem}_{number}.vtk")
    assert not reader_named("series").accepts(tmp_path)
    with pytest.raises(ReadError, match=r"one series of numbered files. Got 'a_\*\.vtk', 'b_\*\.vtk'"):
        reader_named("series").read(tmp_path)


def test_files_follow_their_numbers_not_their_letters(sample, tmp_path):
    for number in (10, 9):
        shutil.copy(sample("freefem") / f"step_{10 - number}.vtu", tmp_path / f"s{number}.vtu")
    first, second = read(tmp_path).fields["u"].values[:, 0, 0]
    assert (first, second) == pytest.approx((1, 0))


def legacy(tmp_path: Path, dataset: str, form: str = "ASCII") -> Path:
    (tmp_path / "grid.vtk").write_text(f"# vtk DataFile Version 3.0\ntitle\n{form}\n{dataset}")
    return tmp_path / "grid.vtk"


def test_a_uniform_grid_is_made_of_hexahedra(tmp_path):
    path = legacy(
        tmp_path,
        "DATASET STRUCTURED_POINTS\nDIMENSIONS 3 2 2\nORIGIN 1 0 0\nSPACING 0.5 2 3\n"
        "POINT_DATA 12\nSCALARS s float\nLOOKUP_TABLE default\n" + " ".join(map(str, range(12))) + "\n"
        "CELL_DATA 2\nVECTORS v double\n1 2 3 4 5 6\n",
    )
    run = read(path)
    assert run.mesh.points[[0, 2, 3, 11]].tolist() == [[1, 0, 0], [2, 0, 0], [1, 2, 0], [2, 2, 3]]
    assert run.mesh.cells["hexahedron"].tolist() == [[0, 1, 4, 3, 6, 7, 10, 9], [1, 2, 5, 4, 7, 8, 11, 10]]
    assert run.fields["s"].values[0, :, 0].tolist() == list(range(12))
    assert run.fields["v"].values[0].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_rectilinear_and_structured_grids_agree(tmp_path):
    axes = "DATASET RECTILINEAR_GRID\nDIMENSIONS 3 2 1\nX_COORDINATES 3 float\n0 1 4\nY_COORDINATES 2 float\n0 2\n"
    axes += "Z_COORDINATES 1 float\n7\nPOINT_DATA 6\n"
    points = (
        "DATASET STRUCTURED_GRID\nDIMENSIONS 3 2 1\nPOINTS 6 float\n0 0 7 1 0 7 4 0 7 0 2 7 1 2 7 4 2 7\n"
    )
    rectilinear, structured = read(legacy(tmp_path, axes)), read(legacy(tmp_path, points))
    assert rectilinear.mesh.hash == structured.mesh.hash
    assert rectilinear.mesh.cells["quad"].tolist() == [[0, 1, 4, 3], [1, 2, 5, 4]]


def test_version_5_cells_voxels_strings_and_metadata_are_understood(tmp_path):
    path = legacy(
        tmp_path,
        "DATASET UNSTRUCTURED_GRID\nFIELD FieldData 1\nTIME 1 1 double\n2.5\n"
        "POINTS 8 float\n0 0 0 1 0 0 0 1 0 1 1 0 0 0 1 1 0 1 0 1 1 1 1 1\nMETADATA\nINFORMATION 0\n\n"
        "CELLS 2 8\nOFFSETS vtktypeint64\n0 8\nCONNECTIVITY vtktypeint64\n0 1 2 3 4 5 6 7\nCELL_TYPES 1\n11\n"
        "CELL_DATA 1\nFIELD FieldData 2\nname 1 1 string\ntop%20wall\nwall%20heat 1 1 int\n3\n",
    ).rename(tmp_path / "five.vtk")
    path.write_text(path.read_text().replace("Version 3.0", "Version 5.1"))
    run = read(path)
    assert run.mesh.cells["hexahedron"].tolist() == [[0, 1, 3, 2, 4, 5, 7, 6]]
    assert run.fields["wall heat"].values.tolist() == [[[3.0]]]
    assert list(run.fields) == ["wall heat"]
    assert run.times.tolist() == [2.5]


@pytest.mark.parametrize(
    ("spoil", "error", "sentence"),
    [
        (lambda t: t[: len(t) // 2], TruncatedError, "must be a whole VTK legacy file"),
        (
            lambda t: t.replace("POINTS 20", "POINTS 2000000000000"),
            TruncatedError,
            "of 6000000000000 numbers",
        ),
        (lambda t: t.replace("CELLS 38 138", "CELLS 39 138"), ReadError, "38 of 39 cells"),
        (lambda t: t.replace("POINT_DATA 20", "POINT_DATA 21"), ReadError, "20 values of u for 21 points"),
        (lambda t: t.replace("3 0 1 6", "3 0 1 66"), ReadError, "points that are not there"),
        (lambda t: t.replace("\n0.5 0 0", "\n0.5 nix 0"), ReadError, "text among its numbers"),
        (lambda t: t.replace("CELL_TYPES", "CELL_TIPS"), ReadError, "CELL_TIPS"),
        (lambda t: t.replace("ASCII", "UTF-8"), ReadError, "'UTF-8' instead of ASCII or BINARY"),
    ],
)
def test_legacy_files_that_contradict_themselves_are_refused(sample, tmp_path, spoil, error, sentence):
    (tmp_path / "bad.vtk").write_text(spoil((sample("freefem") / "text.vtk").read_text()))
    with pytest.raises(error, match=sentence):
        read(tmp_path / "bad.vtk")


@pytest.mark.parametrize("name", ["text.vtk", "binary.vtk", "cube.vtk", "step_0.vtu"])
def test_descriptions_agree_with_what_is_read(sample, name):
    path = sample("freefem") / name
    described, run = reader_for(path).describe(path), read(path)
    assert (described.n_points, described.n_cells) == (run.mesh.n_points, run.mesh.n_cells)
    assert list(described.fields) == list(run.fields)


def test_the_heat_sinks_series_holds_all_its_steps(shared_runs):
    folder = shared_runs("ff_heatsink_transient") / "run01" / "results"
    run = read(folder, ["Temperature"])
    assert run.fields["Temperature"].values.shape == (60, 1130, 1)
    assert run.times.tolist() == list(range(1, 61))
    assert np.all(np.diff(run.fields["Temperature"].values.max(axis=(1, 2))) > 0)
