"""What VTK reads in a process of its own: code_saturne's EnSight and CGNS, OpenFOAM's blocks, VTK's own files."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import reader_for, reader_named

HAS_VTK = importlib.util.find_spec("pyvista") is not None
with_vtk = pytest.mark.skipif(not HAS_VTK, reason="the extra 'vtk' (pyvista) is not installed")


@pytest.mark.skipif(HAS_VTK, reason="the extra 'vtk' is installed, so that its absence cannot be seen")
def test_without_the_extra_the_error_says_how_to_get_it(sample):
    with pytest.raises(ReadError, match=r'need the extra \'vtk\'.*pip install "fieldwright\[vtk\]"'):
        reader_for(sample("saturne") / "cgns.cgns").read(sample("saturne") / "cgns.cgns")


def probed(folder: Path, variable: str) -> np.ndarray:
    rows = np.loadtxt(folder / "monitoring" / f"probes_{variable}.csv", delimiter=",", skiprows=1)
    return rows[np.isin(np.round(rows[:, 0], 9), [0.1, 0.2]), 1]


@with_vtk
@pytest.mark.parametrize("name", ["RESULTS.case", "cgns.cgns"])
def test_code_saturnes_probe_is_found_again(sample, name):
    path = sample("saturne") / name
    run = reader_for(path).read(path, ["Pressure", "Velocity"])
    centres = run.mesh.points[run.mesh.cells["hexahedron"]].mean(axis=1)
    at = np.argmin(np.linalg.norm(centres - [1, 0.25, 0.125], axis=1))
    assert run.times == pytest.approx([0.1, 0.2])
    assert run.fields["Pressure"].values[:, at, 0] == pytest.approx(
        probed(sample("saturne"), "Pressure"), rel=1e-6
    )
    assert run.fields["Velocity"].values[:, at, 0] == pytest.approx(
        probed(sample("saturne"), "Velocity[X]"), rel=1e-6
    )
    if name.endswith(".case"):
        assert {file.name for file in run.files} >= {"results.geo", "results.pressure.00002"}


@with_vtk
def test_cgns_and_med_have_one_mesh(sample):
    meshes = [
        reader_for(p).read(p, ["Pressure"]).mesh
        for p in (sample("saturne") / n for n in ("cgns.cgns", "med.med"))
    ]
    assert meshes[0].hash == meshes[1].hash


@with_vtk
def test_of_openfoams_blocks_the_solid_one_is_kept(sample):
    path = sample("openfoam_foamtovtk") / "xml" / "foamtovtk_6.vtm"
    run = reader_for(path).read(path)
    plain = reader_named("vtu").read(path.with_suffix("") / "internal.vtu")
    assert "3 blocks of lower dimension left out" in run.notes
    assert run.mesh.hash == plain.mesh.hash
    np.testing.assert_array_equal(run.fields["U (cell)"].values, plain.fields["U (cell)"].values)
    assert run.times == pytest.approx([0.03])


@with_vtk
def test_vtks_own_grid_and_hdf_files(tmp_path):
    import pyvista

    grid = pyvista.ImageData(dimensions=(3, 4, 5), spacing=(1, 0.5, 0.25))
    grid["f"] = grid.points @ [1, 10, 100]
    grid.save(tmp_path / "grid.vti")
    tetra = pyvista.examples.cells.Tetrahedron()
    tetra["g"] = np.arange(4.0)
    tetra.save(tmp_path / "mesh.vtkhdf")
    image = reader_for(tmp_path / "grid.vti").read(tmp_path / "grid.vti")
    x, y, z = image.mesh.points.T
    assert image.fields["f"].values[0, :, 0] == pytest.approx(x + 10 * y + 100 * z)
    assert image.mesh.cells["hexahedron"].shape == (24, 8)
    hdf = reader_for(tmp_path / "mesh.vtkhdf").read(tmp_path / "mesh.vtkhdf")
    assert hdf.fields["g"].values.ravel().tolist() == [0, 1, 2, 3]


@with_vtk
def test_a_file_that_vtk_gives_up_on_is_refused_in_its_words(sample, tmp_path):
    folder = Path(shutil.copytree(sample("saturne"), tmp_path / "run"))
    (folder / "results.geo").unlink()
    with pytest.raises(ReadError, match="must be a file that VTK can read"):
        reader_named("vtk-extra").read(folder / "RESULTS.case")
    with pytest.raises(ReadError, match="must hold the field 'nix'"):
        reader_named("vtk-extra").read(sample("saturne") / "cgns.cgns", ["nix"])
