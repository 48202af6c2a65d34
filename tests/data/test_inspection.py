"""Looking into files and folders: runs, what is alike, tables and parameters, from the samples of real solvers."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ReadError
from fieldwright.data.ingest.inspection import inspect_path
from fieldwright.data.ingest.parameters.case_entries import case_entries
from fieldwright.data.ingest.parameters.case_values import case_value
from fieldwright.data.ingest.sources import find_runs

SAMPLES = Path(__file__).parent / "formats" / "samples"
RUNS = Path(__file__).parents[3] / "shared" / "data" / "runs"


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    """The folder in an archive, by its path."""
    root = tmp_path_factory.mktemp("unpacked")

    def folder(archive: Path) -> Path:
        if not archive.exists():
            pytest.skip(f"the real runs are not here: no {archive}")
        place = root / archive.name
        if not place.exists():
            with tarfile.open(archive) as content:
                content.extractall(place, filter="data")
        (only,) = place.iterdir()
        return only

    return folder


@pytest.fixture
def cavities(unpacked, tmp_path) -> Path:
    """Three OpenFOAM cases of other viscosity and inflow, with a table of parameters beside them."""
    for i, (nu, speed) in enumerate([(0.01, 1), (0.02, 1.5), (0.04, 0.5)], start=1):
        case = Path(shutil.copytree(unpacked(SAMPLES / "openfoam_ascii.tar.xz"), tmp_path / f"case_{i:02d}"))
        properties = case / "constant" / "transportProperties"
        properties.write_text(properties.read_text().replace("0.01", str(nu)))
        inflow = case / "0" / "U"
        inflow.write_text(inflow.read_text().replace("(1 0.1 0)", f"({speed} 0.1 0)"))
    (tmp_path / "params.csv").write_text(
        "case,U [m/s],nu,remark\ncase_01,1,0.01,a\ncase_02,1.5,0.02,b\ncase_03,0.5,0.04,\n"
    )
    return tmp_path


def test_a_folder_of_cases_is_told_whole(cavities):
    found = inspect_path(cavities)
    assert (found.folder, found.pattern, found.file, found.reader) == (cavities, "case_*", None, "openfoam")
    assert found.runs == ("case_01", "case_02", "case_03")
    assert found.first.fields["U"].unit == "m/s"
    assert found.first.n_cells == 24
    assert found.unlike == {}
    assert found.names is None


def test_the_runs_found_are_those_a_study_would_find(cavities):
    found = inspect_path(cavities)
    sources = find_runs(found.folder, found.pattern, found.file)
    assert tuple(source.name for source in sources) == found.runs


def test_the_table_is_found_with_its_run_column_and_its_numbers(cavities):
    table = inspect_path(cavities).table
    assert table.path == cavities / "params.csv"
    assert table.run_column == "case"
    assert table.columns == {"U": "m/s", "nu": None}
    assert table.without == ()


def test_what_differs_in_the_input_files_is_a_parameter(cavities):
    parameters = {parameter.expression: parameter for parameter in inspect_path(cavities).parameters}
    assert parameters.keys() == {"0/U: boundaryField.inlet.value[0]", "constant/transportProperties: nu"}
    speed, nu = (
        parameters["0/U: boundaryField.inlet.value[0]"],
        parameters["constant/transportProperties: nu"],
    )
    assert (speed.name, speed.unit) == ("U_inlet_value_0", "m/s")
    assert (nu.name, nu.unit, nu.values["case_03"]) == ("nu", "m2/s", 0.04)


def test_a_table_that_contradicts_the_input_files_is_named_with_both_values(cavities):
    properties = cavities / "case_03" / "constant" / "transportProperties"
    properties.write_text(properties.read_text().replace("0.04", "0.05"))
    assert any(
        "'case_03' has nu = 0.04 in 'params.csv' and 0.05 in its own 'constant/transportProperties: nu'"
        in note
        for note in inspect_path(cavities).notes
    )


def test_every_expression_leads_back_to_its_value(cavities):
    for parameter in inspect_path(cavities).parameters:
        for run, value in parameter.values.items():
            assert case_value(cavities / run, parameter.name, parameter.expression) == value


def test_runs_that_differ_or_failed_are_named_with_a_sentence(cavities, unpacked):
    shutil.copytree(unpacked(SAMPLES / "openfoam_polyhedra.tar.xz"), cavities / "case_04")
    shutil.copytree(unpacked(SAMPLES / "openfoam_crashed.tar.xz"), cavities / "case_05")
    (cavities / "case_03" / "0.03" / "p").unlink()
    found = inspect_path(cavities)
    assert found.unlike.keys() == {"case_03", "case_04", "case_05"}
    assert "points 192 instead of 60" in found.unlike["case_04"]
    assert "must have ended" in found.unlike["case_05"]
    assert re.search(r"fields .* instead of .*p", found.unlike["case_03"])
    assert found.table.without == ("case_04", "case_05")


def test_one_case_is_one_run_of_its_parent(cavities):
    found = inspect_path(cavities / "case_02")
    assert (found.folder, found.pattern, found.runs) == (cavities, "case_02", ("case_02",))
    assert found.parameters == ()


def test_results_named_after_their_runs_are_found_by_a_pattern(unpacked, tmp_path):
    for name in ("slow", "fast"):
        case = Path(shutil.copytree(unpacked(SAMPLES / "ccx_heating.tar.xz"), tmp_path / name))
        for path in case.glob("bar.*"):
            path.rename(case / f"{name}{path.suffix}")
    found = inspect_path(tmp_path)
    assert (found.pattern, found.file, found.reader) == ("*", "*.frd", "frd")
    assert len(found.first.times) == 4


def test_decks_give_their_numbers_by_keyword_and_label(unpacked, tmp_path):
    for name, heat in (("a", "100."), ("b", "140.")):
        case = Path(shutil.copytree(unpacked(SAMPLES / "ccx_heating.tar.xz"), tmp_path / name))
        deck = (case / "bar.inp").read_text()
        deck = deck.replace("11,11,100.", f"11,11,{heat}")
        (case / "bar.inp").write_text(deck if name == "a" else re.sub(r"^40\.$", "60.", deck, flags=re.M))
    found = {p.expression: p.values for p in inspect_path(tmp_path).parameters}
    assert found == {
        "bar.inp: *BOUNDARY HOT[3]": {"a": 100, "b": 140},
        "bar.inp: *SPECIFIC HEAT[0]": {"a": 40, "b": 60},
    }
    assert inspect_path(tmp_path).file == "bar.frd"


def test_numbered_files_are_times_of_a_run_or_runs_of_a_table(unpacked, tmp_path):
    for i in range(3):
        shutil.copy(unpacked(SAMPLES / "freefem.tar.xz") / f"step_{i}.vtu", tmp_path / f"run_{i}.vtu")
    series = inspect_path(tmp_path)
    assert (series.reader, len(series.runs), len(series.first.times)) == ("series", 1, 3)
    (tmp_path / "params.csv").write_text("run,q\nrun_0,1\nrun_1,2\nrun_2,3\n")
    runs = inspect_path(tmp_path)
    assert (runs.reader, runs.pattern, runs.runs) == ("vtu", "*.vtu", ("run_0", "run_1", "run_2"))
    assert runs.table.columns == {"q": None}


@pytest.mark.parametrize("place", ["runs/run_{:02d}.npz", "runs/case-{}/result.npz"])
def test_a_table_one_level_up_makes_runs_of_files_and_folders(tmp_path, place):
    for i in (1, 2, 3):
        path = tmp_path / place.format(i)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, points=np.arange(6.0)[:, None] * [1, 0], T=i * np.arange(6.0))
    (tmp_path / "params.csv").write_text("id,a [K]\n1,10\n2,20\n3,n/a\n4,40\n")
    for given in (tmp_path, tmp_path / "runs"):
        found = inspect_path(given)
        assert (found.folder, len(found.runs), found.reader) == (tmp_path / "runs", 3, "npz")
        assert (found.table.path, found.table.columns) == (tmp_path / "params.csv", {"a": "K"})


def test_scripts_give_their_numbers_with_units_from_comments(tmp_path):
    (tmp_path / "params.edp").write_text(
        "// SI\nreal k=367.9;   // W/(m K)\nint n = 4; // number of fins, see [3]\n"
    )
    (tmp_path / "case.json").write_text('{"inlet": {"speed": [1.5, 2]}, "on": true}')
    (tmp_path / "log.txt").write_text("time = 12.5\n")
    found = case_entries(tmp_path)
    assert {expression: (entry.value, entry.unit) for expression, entry in found.items()} == {
        "params.edp: k": (367.9, "W/(m K)"),
        "params.edp: n": (4, None),
        "case.json: inlet.speed.0": (1.5, None),
        "case.json: inlet.speed.1": (2, None),
    }


def test_names_that_hold_numbers_become_a_pattern(unpacked, tmp_path):
    for name in ("U1.5_nu1e-3", "U2_nu1e-4", "U2_nu2e-4"):
        shutil.copytree(unpacked(SAMPLES / "ccx_heating.tar.xz"), tmp_path / name)
    assert inspect_path(tmp_path).names == "U{U}_nu{nu}"


def test_one_file_may_hold_all_runs(tmp_path):
    rng = np.random.default_rng(3)
    np.savez(
        tmp_path / "sweep.npz", points=rng.random((9, 2)), params=[[1.0], [2.0], [4.0]], u=rng.random((3, 9))
    )
    found = inspect_path(tmp_path / "sweep.npz")
    assert found.in_one_file
    assert found.runs == ("0", "1", "2")
    assert [(p.name, p.expression, p.values) for p in found.parameters] == [
        ("params", None, {"0": 1.0, "1": 2.0, "2": 4.0})
    ]


def test_what_is_no_run_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(ReadError, match="must exist"):
        inspect_path(tmp_path / "nowhere")
    with pytest.raises(ReadError, match=r"must hold runs in a supported format\. Got an empty folder"):
        inspect_path(tmp_path)
    (tmp_path / "notes.md").write_text("nothing")
    with pytest.raises(ReadError, match="1 entries that no reader recognises"):
        inspect_path(tmp_path)


@pytest.mark.parametrize(
    ("name", "pattern", "file", "reader", "runs", "parameters"),
    [
        ("of_cavity_sweep", "case_*", None, "openfoam", 16, 2),
        ("ccx_plate_thermomech", "*", "plate.frd", "frd", 18, 3),
        ("ff_heatsink_transient", "*", "results", "series", 14, 3),
    ],
)
def test_the_real_sweeps(unpacked, name, pattern, file, reader, runs, parameters):
    found = inspect_path(unpacked(RUNS / f"{name}.tar.xz"))
    assert (found.pattern, found.file, found.reader, len(found.runs)) == (pattern, file, reader, runs)
    assert found.unlike == {}
    assert len(found.parameters) == parameters
    if found.table:
        # Each column of the table was written into the case files, loads with a sign of their own.
        for column in found.table.columns:
            values = [row[1:] for row in (line.split(",") for line in found.table.path.read_text().split())]
            at = list(found.table.columns).index(column)
            column_values = np.abs([float(row[at]) for row in values[1:]])
            assert any(
                np.allclose(np.abs(list(p.values.values())), column_values) for p in found.parameters
            ), column


@pytest.mark.parametrize("empty", ["file", "link"])
def test_an_empty_file_or_a_broken_link_beside_runs_is_named(tmp_path, empty):
    (tmp_path / "a.csv").write_text("x,y,T\n0,0,1\n1,0,2\n0,1,3\n")
    if empty == "file":
        (tmp_path / "b.csv").touch()
    else:
        (tmp_path / "b.csv").symlink_to(tmp_path / "nowhere.csv")
    inspection = inspect_path(tmp_path)
    assert inspection.runs == ("a", "b")
    assert set(inspection.unlike) == {"b"}
    assert inspection.unlike["b"]


def test_a_folder_without_a_result_beside_runs_is_named(cavities):
    (cavities / "case_04").mkdir()
    assert "no result in: case_04" in inspect_path(cavities).notes
