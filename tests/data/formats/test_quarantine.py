"""Runs broken on purpose are rejected, each with its reason; the others go on."""

import shutil
from dataclasses import replace

import numpy as np

from fieldwright.data.formats import READERS, reader_named
from fieldwright.data.ingest.ingestion import ingest_sources
from fieldwright.data.ingest.parameters.table import table_from_rows


def reasons(report):
    return {name: reason for name, reason, _ in report.rejected}


def test_nan_is_rejected_with_its_place_and_the_others_go_on(solver, store):
    solver.run(3)
    fields = solver.fields(2, 0.5)
    fields["T"][4] = np.nan
    solver.write(solver.path(1), fields)
    report = ingest_sources(store, solver.sources(), solver.table(3), solver.rules)
    assert report.accepted == ["run_0", "run_2"]
    assert reasons(report) == {"run_1": "not finite"}
    assert "1 of 10 not finite, first at point 4" in report.rejected[0][2]
    assert [(r.name, r.reason) for r in store.rejected()] == [("run_1", "not finite")]


def test_infinity_and_divergence_are_told_apart(solver, store):
    solver.run(4)
    for i, value in ((1, np.inf), (2, -2e6)):
        fields = solver.fields(**solver.parameters(i))
        fields["U"][0, 2] = value
        solver.write(solver.path(i), fields)
    report = ingest_sources(store, solver.sources(), solver.table(4), solver.rules)
    assert reasons(report) == {"run_1": "not finite", "run_2": "diverged"}


def test_a_truncated_file_is_rejected_as_truncated(solver, store):
    sources = solver.run(2)
    content = solver.path(1).read_bytes()
    solver.path(1).write_bytes(content[: len(content) // 2])
    report = ingest_sources(store, sources, solver.table(2), solver.rules)
    assert reasons(report) == {"run_1": "truncated"}
    assert report.accepted == ["run_0"]


def test_another_mesh_is_rejected(solver, store):
    solver.run(2)
    solver.write(solver.path(1), solver.fields(2, 0.5), points=solver.points * 1.1)
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert reasons(report) == {"run_1": "wrong mesh"}


def test_a_run_without_a_row_is_rejected(solver, store):
    report = ingest_sources(store, solver.run(3), solver.table(2), solver.rules)
    assert reasons(report) == {"run_2": "missing parameter"}
    assert "'run_2' must have its parameters a, b, rho" in report.rejected[0][2]


def test_an_empty_run_folder_is_rejected(solver, store):
    solver.run(1)
    (solver.folder / "run_1").mkdir()
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert report.accepted == ["run_0"]
    assert reasons(report) == {"run_1": "unreadable"}


def test_a_missing_field_is_rejected_with_those_that_exist(solver, store):
    solver.run(2)
    solver.write(solver.path(1), {"T": solver.fields(2, 0.5)["T"], "V": np.zeros(10)})
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert reasons(report) == {"run_1": "missing field"}
    assert "the fields T, V" in report.rejected[0][2]


def test_the_same_parameters_with_different_results_are_replicates(solver, store):
    solver.run(3)
    solver.write(solver.path(2), solver.fields(9, 9))
    rows = {**{f"run_{i}": solver.parameters(i) for i in range(2)}, "run_2": solver.parameters(1)}
    report = ingest_sources(
        store, solver.sources(), table_from_rows(rows, dict.fromkeys(rows["run_0"])), solver.rules
    )
    assert report.accepted == ["run_0", "run_1", "run_2"]
    assert report.rejected == []
    assert any(note.startswith("2 accepted runs share all their parameters") for note in report.notes)


def test_the_same_run_twice_without_parameters_is_a_duplicate(solver, store):
    sources = solver.run(2)
    solver.path(1).write_bytes(solver.path(0).read_bytes())
    nothing = table_from_rows({"run_0": {}, "run_1": {}}, {})
    report = ingest_sources(store, sources, nothing, solver.rules)
    assert report.accepted == ["run_0"]
    assert reasons(report) == {"run_1": "duplicated"}


def test_one_result_under_two_sets_of_parameters_is_reported(solver, store):
    solver.run(3)
    shutil.copy(solver.path(1), solver.path(2))
    report = ingest_sources(store, solver.sources(), solver.table(3), solver.rules)
    assert reasons(report) == {"run_2": "duplicated"}
    assert "the same results as 'run_1' with different parameters" in report.rejected[0][2]


def test_a_log_that_tells_of_a_failure_rejects_the_run(solver, store):
    solver.run(3)
    (solver.folder / "run_1" / "log.solver").write_text("Time = 1\nFOAM FATAL ERROR: maximum iterations\n")
    (solver.folder / "run_2" / "log.solver").write_text("Time = 1\nconvergence reached\nEnd\n")
    rules = replace(solver.rules, log="log.*")
    report = ingest_sources(store, solver.sources(), solver.table(3), rules)
    assert report.accepted == ["run_0", "run_2"]
    assert reasons(report) == {"run_1": "diverged"}
    assert "'FOAM FATAL ERROR: maximum iterations' in 'log.solver'" in report.rejected[0][2]


def test_what_a_reader_trips_over_is_tried_again_next_time(solver, store):
    class Stumbling:
        """The VTU reader on a machine where something is missing until it is mended."""

        name, version, missing = "stumbling", "1", True

        def accepts(self, path):
            return False

        def describe(self, path):
            return reader_named("vtu").describe(path)

        def read(self, path, fields=None):
            if self.missing and "run_1" in path.parts:
                raise ImportError("no library of that name")
            return reader_named("vtu").read(path, fields)

    READERS["stumbling"] = Stumbling()
    try:
        rules = replace(solver.rules, reader="stumbling")
        report = ingest_sources(store, solver.run(2), solver.table(2), rules)
        assert reasons(report) == {"run_1": "unreadable"}
        assert "ImportError: no library of that name" in report.rejected[0][2]
        READERS["stumbling"].missing = False
        assert ingest_sources(store, solver.sources(), solver.table(2), rules).accepted == ["run_1"]
    finally:
        del READERS["stumbling"]
