"""The real result files, from their folders into the store and out again."""

import re
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.ingest.ingestion import find_runs, ingest_sources
from fieldwright.data.ingest.parameters.case_values import table_from_cases
from fieldwright.data.ingest.parameters.table import joined, read_table
from fieldwright.data.ingest.rules import MeshRule, Rules
from fieldwright.data.ingest.timebase import TimeRule
from fieldwright.data.store.snapshot_store import SnapshotStore

ARCHIVES = Path(__file__).parents[3] / ".." / "shared" / "data" / "runs"


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """Unpacks an archive of the real runs, or skips."""

    def unpack(name: str, wanted: str = "") -> Path:
        archive = ARCHIVES / f"{name}.tar.xz"
        if not archive.exists():
            pytest.skip(f"the real result files are not there ({archive})")
        folder = tmp_path_factory.mktemp(name)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, [m for m in tar.getmembers() if wanted in m.name], filter="data")
        return next(folder.iterdir())

    return unpack


@pytest.fixture(scope="module")
def cavity(unpacked) -> Path:
    return unpacked("of_cavity_sweep")


def test_the_cavity_s_own_files_hold_what_its_table_says(cavity):
    sources = find_runs(cavity, "case_*")
    own = table_from_cases(
        sources,
        {"U_lid": "0/U: boundaryField.movingWall.value[0]", "nu": "constant/transportProperties: nu"},
        {"U_lid": "m/s", "nu": "m2/s"},
    )
    table = read_table(cavity / "params.csv", {"U_lid": "m/s", "nu": "m2/s"}, "case")
    assert own.runs == table.runs
    np.testing.assert_array_equal(own.values, table.values)


def test_the_cavity_s_last_times_come_together(cavity, tmp_path):
    sources = find_runs(cavity, "case_*")
    table = read_table(cavity / "params.csv", {"U_lid": "m/s", "nu": "m2/s"}, "case")
    store = SnapshotStore(tmp_path / "store")
    rules = Rules({"U": None, "p": None}, bound=100.0, time=TimeRule("last"))
    report = ingest_sources(store, sources, table, rules)
    assert len(report.accepted) == 16
    dataset = store.snapshots().load()
    assert dataset["U"].dims == ("run", "cell", "U_component")
    assert dataset.sizes["cell"] == 1600
    assert (dataset["U"].attrs["units"], dataset["p"].attrs["units"]) == ("m/s", "m2/s2")
    # The flow next to the lid goes with the lid, and no faster.
    fastest = dataset["U"].sel(U_component="x").max("cell")
    assert np.all(fastest < dataset["U_lid"])
    assert np.all(fastest > 0.5 * dataset["U_lid"])
    # Cells of one size: their weights are their volume, 0.1 m x 0.1 m x 0.01 m / 1600.
    np.testing.assert_allclose(dataset["cell_weight"], dataset["cell_weight"][0], rtol=1e-6)


def test_the_cavity_s_unequal_times_are_refused_by_the_exact_rule(cavity, tmp_path):
    sources = find_runs(cavity, "case_*")
    table = read_table(cavity / "params.csv", {"U_lid": "m/s", "nu": "m2/s"}, "case")
    report = ingest_sources(SnapshotStore(tmp_path / "store"), sources, table, Rules({"p": None}))
    # case_001 runs to 6 s in steps of 1.5 s; so do 002, 003, 013 and 016, these last by rounding alone.
    assert report.accepted == ["case_001", "case_002", "case_003", "case_013", "case_016"]
    assert {reason for _, reason, _ in report.rejected} == {"missing time steps"}


def test_the_heat_sink_s_numbered_files_are_one_transient_run_each(unpacked, tmp_path):
    folder = unpacked("ff_heatsink_transient")
    sources = find_runs(folder, "run0[1-4]", "results/heatsink_*.vtu")
    expressions = {name: f"params.edp: {name}" for name in ("k", "h", "q")}
    table = table_from_cases(sources, expressions, {"k": "W/(m K)", "h": "W/(m2 K)", "q": "W/m2"})
    store = SnapshotStore(tmp_path / "store")
    report = ingest_sources(store, sources, table, Rules({"Temperature": "K"}, step=10.0))
    assert report.accepted == ["run01", "run02", "run03", "run04"]
    temperature = store.snapshots()["Temperature"].load()
    np.testing.assert_array_equal(temperature["time"], np.arange(10.0, 601, 10))
    # Heated from the ambient temperature on, by a chip that never cools.
    assert float(temperature.min()) > 293.0
    assert np.all(np.diff(temperature.max("point"), axis=1) > 0)
    # FreeFEM's own summary of the run.
    for source in sources:
        words = (source.path / "results" / "summary.txt").read_text().split()
        hottest = float(temperature.sel(run=source.name, time=600.0).max())
        assert hottest == pytest.approx(float(words[words.index("Tmax") + 1]), rel=1e-5)


def test_the_plate_s_deck_and_table_give_its_parameters_and_frd_its_fields(unpacked, tmp_path):
    folder = unpacked("ccx_plate_thermomech")
    sources = find_runs(folder, "case_00[1-5]", "plate.frd")
    own = table_from_cases(
        sources,
        {
            "load": "plate.inp: *DSLOAD[2]",
            "E": "plate.inp: *ELASTIC[0]",
            "T": "plate.inp: *BOUNDARY NHOLE[3]",
        },
        {"load": "MPa", "E": "MPa", "T": "degC"},
    )
    columns = {"load_MPa": "MPa", "youngs_modulus_MPa": "MPa", "T_hole_degC": "degC"}
    table = read_table(folder / "params.csv", columns, "case")
    for source in sources:
        row, listed = own.row(source.name), table.row(source.name)
        assert row is not None
        assert listed is not None
        assert [-row["load"], row["E"], row["T"]] == list(listed.values())
    with pytest.raises(Exception, match="'load' from two"):
        joined([own, own])
    store = SnapshotStore(tmp_path / "store")
    report = ingest_sources(store, sources, table, Rules({"DISP": "mm", "STRESS": "MPa"}))
    assert report.accepted == [source.name for source in sources]
    dataset = store.snapshots().load()
    assert dataset.sizes["point"] == 3794
    assert list(dataset["STRESS_component"].values) == ["xx", "yy", "zz", "xy", "yz", "xz"]
    # The quarter plate 100 x 50 x 5 less an eighth of a cylinder of radius 12: by corners, a little more.
    assert float(dataset["point_weight"].sum()) == pytest.approx(
        100 * 50 * 5 - np.pi * 12**2 / 4 * 5, rel=2e-3
    )


def test_the_cavity_on_a_coarse_grid_loses_what_the_note_says(cavity, tmp_path):
    sources = find_runs(cavity, "case_00[1-3]")
    table = read_table(cavity / "params.csv", {"U_lid": "m/s", "nu": "m2/s"}, "case")
    rules = Rules({"U": None}, time=TimeRule("last"), mesh=MeshRule("map", grid=(20, 20), largest_error=0.5))
    fine, coarse = SnapshotStore(tmp_path / "fine"), SnapshotStore(tmp_path / "coarse")
    ingest_sources(fine, sources, table, replace(rules, mesh=MeshRule()))
    report = ingest_sources(coarse, sources, table, rules)
    assert report.accepted == ["case_001", "case_002", "case_003"]
    gridded, cells = coarse.snapshots().load(), fine.snapshots().load()
    assert gridded.sizes["cell"] == 400
    # Interpolated values lie between those that they are made of.
    assert float(gridded["U"].max()) <= float(cells["U"].max())
    # Half of the layer under the lid falls between two lines of the grid, and the notes say so.
    errors = [
        float(error) for note in report.notes for error in re.findall(r"error there and back ([\d.]+)%", note)
    ]
    assert len(errors) == 3
    assert 5 < max(errors) < 50
