"""Runs on disk: they read back as they were solved, appear whole, and are computed once."""

import resource
from dataclasses import astuple

import meshio
import numpy as np
import pytest

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.plate import BOUNDS, PARAMETER_NAMES, PlateParameters
from fieldwright.physics.solvers.plate_runs import read_parameters, write_plate_runs
from fieldwright.physics.solvers.plate_solver import solve_plate
from fieldwright.physics.solvers.sampling import sobol_points


@pytest.fixture(scope="module")
def plan():
    return sobol_points(BOUNDS, 3, seed=7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, plan):
    folder = tmp_path_factory.mktemp("plate")
    write_plate_runs(folder, plan)
    return folder


def test_a_run_reads_back_as_it_was_solved(folder, plan):
    read = meshio.read(folder / "run_0002" / "result.vtu")
    fields = solve_plate(PlateParameters(*plan[1]))
    assert np.array_equal(read.points, fields.points)
    assert np.array_equal(read.cells_dict["triangle"], fields.triangles)
    for name in ("temperature", "displacement", "von_mises"):
        assert read.point_data[name].dtype == np.float64
        assert np.array_equal(read.point_data[name], getattr(fields, name)), name
    assert read.point_data["displacement"].shape == (len(fields.points), 3)
    assert not read.point_data["displacement"][:, 2].any()


def test_the_table_holds_every_run_to_the_last_digit(folder, plan):
    header, *rows = (folder / "parameters.csv").read_text().splitlines()
    assert header == "run,heat_flux,convection,conductivity,youngs_modulus,expansion"
    assert [row.split(",")[0] for row in rows] == ["run_0001", "run_0002", "run_0003"]
    assert [astuple(p) for p in read_parameters(folder).values()] == [tuple(row) for row in plan.tolist()]
    units = dict(line.split(": ") for line in (folder / "UNITS.txt").read_text().splitlines())
    assert units["heat_flux"] == "W/m2"
    assert set(units) == {*PARAMETER_NAMES, "temperature", "displacement", "von_mises"}


def test_asking_again_computes_nothing_and_asking_for_more_computes_the_rest(tmp_path, plan):
    seen = []
    write_plate_runs(tmp_path, plan[:1])
    before = (tmp_path / "run_0001" / "result.vtu").stat().st_mtime_ns
    paths = write_plate_runs(tmp_path, plan[:2], progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 1), (1, 1)]
    assert paths == [tmp_path / "run_0001", tmp_path / "run_0002"]
    write_plate_runs(tmp_path, plan[:2], progress=lambda done, total: seen.append((done, total)))
    assert seen[2:] == [(0, 0)]
    assert (tmp_path / "run_0001" / "result.vtu").stat().st_mtime_ns == before
    write_plate_runs(tmp_path, plan[2:], first_number=80)
    assert list(read_parameters(tmp_path)) == ["run_0001", "run_0002", "run_0080"]


def test_two_processes_write_the_same_bytes_as_one(tmp_path, folder, plan):
    write_plate_runs(tmp_path, plan, processes=2)
    for name in ("run_0001", "run_0002", "run_0003"):
        assert (tmp_path / name / "result.vtu").read_bytes() == (folder / name / "result.vtu").read_bytes()


def test_a_full_disk_leaves_nothing_that_looks_finished(tmp_path, plan):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))  # the table fits, a result does not
    try:
        with pytest.raises(OSError, match="File too large"):
            write_plate_runs(tmp_path, plan[:1], processes=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["UNITS.txt", "parameters.csv"]
    write_plate_runs(tmp_path, plan[:1])
    assert np.array_equal(
        meshio.read(tmp_path / "run_0001" / "result.vtu").point_data["temperature"],
        solve_plate(PlateParameters(*plan[0])).temperature,
    )


def test_a_run_with_other_parameters_is_never_overwritten(folder, plan):
    with pytest.raises(FieldwrightError, match=r"'run_0001' in .* must have the requested parameters"):
        write_plate_runs(folder, plan[::-1])
