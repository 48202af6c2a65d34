"""Ingestion: what is accepted comes out as it went in; what is broken on purpose is filed with its reason."""

import os
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from fieldwright.data.errors import ReadError, StudyError
from fieldwright.data.formats import reader_named
from fieldwright.data.ingest.ingestion import find_runs, ingest_sources
from fieldwright.data.ingest.parameters.table import table_from_rows
from fieldwright.data.store.snapshot_store import SnapshotStore


def reasons(report):
    return {name: reason for name, reason, _ in report.rejected}


def test_accepted_runs_come_out_as_they_went_in(solver, store):
    report = ingest_sources(store, solver.run(4), solver.table(4), solver.rules)
    assert report.accepted == ["run_0", "run_1", "run_2", "run_3"]
    dataset = store.snapshots()
    assert dataset["T"].dims == ("run", "point")
    assert dataset["U"].dims == ("run", "point", "U_component")
    assert list(dataset["U_component"].values) == ["x", "y", "z"]
    for i in range(4):
        expected = solver.fields(**solver.parameters(i))
        for name, values in expected.items():
            np.testing.assert_array_equal(dataset[name].sel(run=f"run_{i}"), values)
    np.testing.assert_array_equal(dataset["a"], [1, 2, 3, 4])
    assert (dataset["T"].attrs["units"], dataset["a"].attrs["units"]) == ("K", "m")


def test_a_parameter_that_never_varies_is_reported_and_left_out(solver, store):
    report = ingest_sources(store, solver.run(3), solver.table(3), solver.rules)
    assert report.notes == ["parameter 'rho' is 1000 in all 3 runs: left out"]
    dataset = store.snapshots()
    assert "rho" not in dataset.coords
    assert dataset.attrs["constant_parameters"] == {"rho": 1000.0}


def test_a_subset_of_runs_keeps_the_parameters_of_all(solver, store):
    ingest_sources(store, solver.run(3), solver.table(3), solver.rules)
    dataset = store.snapshots(["run_2"], ["T"])
    assert set(dataset.data_vars) == {"T"}
    assert {"a", "b"} <= set(dataset.coords)


def test_ingesting_again_reads_nothing(solver, store):
    sources = solver.run(3)
    ingest_sources(store, sources, solver.table(3), solver.rules)
    before = {path: path.stat().st_mtime_ns for path in store.path.rglob("*") if "runs" in path.parts}
    for i in range(3):
        # Whoever reads these files now is caught: the size and the time stamp are kept, the content is not.
        stat, size = solver.path(i).stat(), solver.path(i).stat().st_size
        solver.path(i).write_bytes(b"\0" * size)
        os.utime(solver.path(i), ns=(stat.st_atime_ns, stat.st_mtime_ns))
    report = ingest_sources(store, sources, solver.table(3), solver.rules)
    assert report.unchanged == ["run_0", "run_1", "run_2"]
    assert report.accepted == []
    assert report.rejected == []
    assert before == {path: path.stat().st_mtime_ns for path in store.path.rglob("*") if "runs" in path.parts}


def test_a_copied_folder_with_new_time_stamps_is_unchanged(solver, store):
    ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    os.utime(solver.path(0))
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert report.unchanged == ["run_0", "run_1"]


def test_a_new_run_is_taken_beside_the_old_ones(solver, store):
    ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    report = ingest_sources(store, solver.run(3), solver.table(3), solver.rules)
    assert report.accepted == ["run_2"]
    assert sorted(report.unchanged) == ["run_0", "run_1"]


def test_a_changed_parameter_is_taken_at_the_next_ingest(solver, store):
    ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    rows = {"run_0": solver.parameters(0), "run_1": {**solver.parameters(1), "b": 7.0}}
    report = ingest_sources(
        store, solver.sources(), table_from_rows(rows, dict.fromkeys(rows["run_0"])), solver.rules
    )
    assert report.accepted == ["run_1"]
    np.testing.assert_array_equal(store.snapshots()["b"], [0, 7])


def test_a_mended_run_is_taken_at_the_next_ingest(solver, store):
    solver.run(2)
    solver.write(solver.path(1), {"T": np.full(10, np.nan), "U": np.zeros((10, 3))})
    ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert [r.name for r in store.rejected()] == ["run_1"]
    report = ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    assert report.accepted == ["run_1"]
    assert not store.rejected()


def test_a_run_that_goes_bad_keeps_its_accepted_version(solver, store):
    ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    kept = store.snapshots(["run_1"]).load()
    solver.path(1).write_text("being written")
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert set(reasons(report)) == {"run_1"}
    xr.testing.assert_equal(store.snapshots(["run_1"]).load(), kept)


def test_a_run_computed_anew_replaces_its_old_version(solver, store):
    ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    solver.write(solver.path(1), {"T": np.full(10, 3.0), "U": np.ones((10, 3))})
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert report.accepted == ["run_1"]
    np.testing.assert_array_equal(store.snapshots(["run_1"])["T"].values, np.full((1, 10), 3.0))
    assert len(list((store.path / "superseded").iterdir())) == 1


def test_another_field_in_the_study_is_read_anew(solver, store):
    ingest_sources(store, solver.run(2), solver.table(2), replace(solver.rules, fields={"T": "K"}))
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert report.accepted == ["run_0", "run_1"]
    assert set(store.snapshots().data_vars) == {"T", "U"}


def test_fields_are_converted_only_when_asked(solver, store, tmp_path):
    sources = solver.run(2)
    ingest_sources(store, sources, solver.table(2), solver.rules)
    assert store.snapshots()["T"].dims == ("run", "point")
    other = SnapshotStore(tmp_path / "cells")
    ingest_sources(other, sources, solver.table(2), replace(solver.rules, places={"T": "cell"}))
    dataset = other.snapshots()
    assert dataset["T"].dims == ("run", "cell")
    assert dataset["U"].dims == ("run", "point", "U_component")
    temperature = solver.fields(**solver.parameters(1))["T"]
    means = [temperature[i : i + 3].mean() for i in range(8)]
    np.testing.assert_allclose(dataset["T"].sel(run="run_1"), means)


def test_another_version_of_the_reader_reads_the_runs_anew(solver, store, monkeypatch):
    ingest_sources(store, solver.run(2), solver.table(2), solver.rules)
    monkeypatch.setattr(reader_named("vtu"), "version", "next")
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    # It gives the same values, so the runs stay as they are, under the new version.
    assert report.unchanged == ["run_0", "run_1"]
    assert {record.reader_version for record in store.accepted()} == {"next"}


def test_an_unknown_reader_is_the_study_s_mistake(solver, store):
    with pytest.raises(ReadError, match="reader must be one of"):
        ingest_sources(store, solver.run(2), solver.table(2), replace(solver.rules, reader="vtuu"))
    assert store.rejected() == []


def test_one_name_for_two_runs_is_a_clear_error(solver):
    for name in ("a.vtu", "a.other.vtu"):
        solver.write(solver.folder / name, {})
    (solver.folder / "a").mkdir()
    with pytest.raises(StudyError, match=r"name of its own. Got 'a' for .*a' and for .*a.vtu"):
        find_runs(solver.folder, "a*")


def test_progress_counts_every_run(solver, store):
    seen = []
    ingest_sources(store, solver.run(3), solver.table(3), solver.rules, lambda *step: seen.append(step))
    assert seen == [(1, 3, "run_0"), (2, 3, "run_1"), (3, 3, "run_2")]


def test_a_missing_folder_of_runs_is_a_clear_error(tmp_path):
    with pytest.raises(StudyError, match=r"folder of the runs must exist.*nowhere"):
        find_runs(tmp_path / "nowhere")


def test_an_empty_folder_of_runs_is_a_clear_error(tmp_path):
    with pytest.raises(StudyError, match="Got an empty folder"):
        find_runs(tmp_path, "case_*")


def test_a_pattern_without_a_match_is_a_clear_error(solver):
    solver.run(1)
    with pytest.raises(StudyError, match=r"match 'case_\*'. Got no match"):
        find_runs(solver.folder, "case_*")


def test_files_of_a_series_come_in_the_order_of_their_numbers(solver):
    for number in (1, 2, 10):
        solver.write(solver.folder / "run_0" / f"t_{number}.vtu", {})
    (source,) = find_runs(solver.folder, "run_*", "t_*.vtu")
    assert [path.name for path in source.files] == ["t_1.vtu", "t_2.vtu", "t_10.vtu"]


def test_another_choice_of_file_is_read_anew(solver, store):
    sources = solver.run(3)
    wrong = [replace(source, files=(source.path.parent / "parameters.csv",)) for source in sources]
    assert len(ingest_sources(store, wrong, solver.table(3), solver.rules).rejected) == 3
    assert len(ingest_sources(store, sources, solver.table(3), solver.rules).accepted) == 3
