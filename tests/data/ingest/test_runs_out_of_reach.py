"""Runs whose files are missing, locked, linked to nothing or gone: each alone is rejected, with the true reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fieldwright.data.errors import StoreError
from fieldwright.data.ingest.ingestion import ingest_sources
from fieldwright.data.ingest.inspection import inspect_path
from fieldwright.data.ingest.solver_log import failure_in_logs
from fieldwright.data.ingest.sources import find_runs
from fieldwright.data.ingest.timebase import TimeRule, ended_early
from fieldwright.data.store.snapshot_store import SnapshotStore


def _swap(result: Path, target: str) -> None:
    result.unlink()
    result.symlink_to(target)


def _loop(result: Path) -> None:
    _swap(result, result.name)


def _whole_run_is_a_link(result: Path) -> None:
    result.unlink()
    result.parent.rmdir()
    result.parent.symlink_to("/nowhere/run_1")


def _folder_for_file(result: Path) -> None:
    result.unlink()
    result.mkdir()


def _log(text: str) -> Callable[[Path], None]:
    def write(result: Path) -> None:
        result.unlink()
        (result.parent / "job.log").write_text(f"Reading the model\n\n{text}\n\nbye\n")

    return write


# What is done to the result of run_1, the reason, and words that its sentence must hold.
DAMAGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "link to nothing": (
        lambda r: _swap(r, "/nowhere/result.vtu"),
        "unreadable",
        "a link to '/nowhere/result.vtu'",
    ),
    "link in a circle": (_loop, "unreadable", "a link to 'result.vtu'"),
    "run a link to nothing": (_whole_run_is_a_link, "unreadable", "a link to '/nowhere/run_1'"),
    # Root may read everything but this.
    "disk fails": (lambda r: _swap(r, "/proc/self/mem"), "unreadable", "Input/output error"),
    "folder for a file": (_folder_for_file, "unreadable", "result.vtu"),
    "empty folder": (lambda r: r.unlink(), "unreadable", "an empty folder"),
    "empty file": (
        lambda r: r.write_bytes(b""),
        "truncated",
        "'result.vtu' must hold a result. Got an empty file",
    ),
    "other files alone": (lambda r: r.rename(r.with_name("mesh.dat")), "unreadable", "such as 'mesh.dat'"),
    "CalculiX": (
        _log(" *ERROR in e_c3d: nonpositive jacobian\n        determinant in element      12"),
        "diverged",
        "'*ERROR in e_c3d: nonpositive jacobian determinant in element 12' in 'job.log'",
    ),
    "OpenFOAM": (
        _log("--> FOAM FATAL ERROR: \nMaximum number of iterations exceeded: 1000"),
        "diverged",
        "'--> FOAM FATAL ERROR: Maximum number of iterations exceeded: 1000'",
    ),
    "Abaqus": (
        _log(" ***ERROR: TOO MANY ATTEMPTS MADE FOR THIS INCREMENT"),
        "diverged",
        "TOO MANY ATTEMPTS",
    ),
    "Code_Aster": (
        _log(
            "   ! <F> <FACTOR_11>                                !\n   ! La matrice est singuliere.       !"
        ),
        "diverged",
        "<F> <FACTOR_11> La matrice est singuliere.",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_that_run_alone_is_rejected_with_the_true_reason(kind, solver, store):
    solver.run(3)
    do, reason, words = DAMAGE[kind]
    do(solver.path(1))
    sources = solver.sources()
    assert [source.name for source in sources] == ["run_0", "run_1", "run_2"]
    report = ingest_sources(store, sources, solver.table(3), solver.rules)
    assert report.accepted == ["run_0", "run_2"]
    ((name, why, sentence),) = report.rejected
    assert (name, why) == ("run_1", reason)
    assert words in sentence
    assert "have room" not in sentence


def test_a_run_without_its_parameters_and_without_a_result_is_called_empty(solver, store):
    solver.run(2)
    solver.path(1).unlink()
    report = ingest_sources(store, solver.sources(), solver.table(1), solver.rules)
    assert [(name, why) for name, why, _ in report.rejected] == [("run_1", "unreadable")]


@pytest.mark.parametrize("damage", ["link to nothing", "link in a circle", "disk fails", "gone"])
def test_a_file_that_is_a_run_is_rejected_alone_too(damage, solver, store, tmp_path):
    for i in range(3):
        solver.write(tmp_path / f"run_{i}.vtu", solver.fields(**solver.parameters(i)))
    target = {
        "link to nothing": "/nowhere.vtu",
        "link in a circle": "run_1.vtu",
        "disk fails": "/proc/self/mem",
    }
    path = tmp_path / "run_1.vtu"
    if damage != "gone":
        _swap(path, target[damage])
    sources = find_runs(tmp_path, "run_*.vtu")
    if damage == "gone":
        # Between the listing and the reading.
        path.unlink()
    report = ingest_sources(store, sources, solver.table(3), solver.rules)
    assert report.accepted == ["run_0", "run_2"]
    assert [(name, why) for name, why, _ in report.rejected] == [("run_1", "unreadable")]
    assert "have room" not in report.rejected[0][2]


def test_a_run_that_comes_back_is_taken_the_next_time(solver, store):
    solver.run(3)
    whole = solver.path(1).read_bytes()
    _swap(solver.path(1), "/nowhere")
    ingest_sources(store, solver.sources(), solver.table(3), solver.rules)
    solver.path(1).unlink()
    solver.path(1).write_bytes(whole)
    report = ingest_sources(store, solver.sources(), solver.table(3), solver.rules)
    assert (report.accepted, report.rejected) == (["run_1"], [])


def test_a_folder_with_links_to_nothing_can_be_inspected(solver):
    solver.run(4)
    _swap(solver.path(1), "/nowhere")
    _whole_run_is_a_link(solver.path(2))
    found = inspect_path(solver.folder)
    assert (found.reader, found.file) == ("vtu", "result.vtu")
    assert {"run_0", "run_3"} <= set(found.runs)


@pytest.mark.parametrize(
    "harmless",
    ["no errors found", "relative error = 1e-3", "ERRORS: none", "0 *ERROR messages", "*WARNING in x"],
)
def test_a_log_that_only_speaks_of_errors_tells_of_none(harmless, tmp_path):
    (tmp_path / "solver.log").write_text(f"start\n{harmless}\nend\n")
    assert failure_in_logs(tmp_path) is None


def test_accepted_runs_without_files_are_named_and_can_be_withdrawn_and_come_back(solver, store):
    solver.run(4)
    ingest_sources(store, solver.sources(), solver.table(4), solver.rules)
    content = {record.name: record.content for record in store.accepted()}
    aside = solver.folder.parent / "aside"
    aside.mkdir()
    for i in (0, 2):
        (solver.folder / f"run_{i}").rename(aside / f"run_{i}")
    report = ingest_sources(store, solver.sources(), solver.table(4), solver.rules)
    assert report.removed == ["run_0", "run_2"]
    assert any("run_0, run_2" in note and "fieldwright withdraw" in note for note in report.notes)

    with pytest.raises(StoreError, match="perhaps for 'run_2'"):
        store.withdraw(["run_0", "run_22"])
    assert len(store.accepted()) == 4, "all or none"
    store.withdraw(["run_0", "run_2"], "other material")
    assert [record.name for record in store.accepted()] == ["run_1", "run_3"]
    assert all("other material" in str(record.sentence) for record in store.withdrawn())
    assert store.snapshots().sizes["run"] == 2
    again = SnapshotStore(store.path)
    assert [record.name for record in again.accepted()] == ["run_1", "run_3"], "what is withdrawn stays out"

    for round_ in range(2):
        for i in (0, 2):
            (aside / f"run_{i}").rename(solver.folder / f"run_{i}")
        report = ingest_sources(store, solver.sources(), solver.table(4), solver.rules)
        assert (report.accepted, report.removed) == (["run_0", "run_2"], []), round_
        assert {record.name: record.content for record in store.accepted()} == content
        assert store.withdrawn() == []
        for i in (0, 2):
            (solver.folder / f"run_{i}").rename(aside / f"run_{i}")
        store.withdraw(["run_0", "run_2"])
        assert len(SnapshotStore(store.path).accepted()) == 2


def test_a_store_of_which_all_runs_are_withdrawn_begins_anew(solver, store):
    solver.run(2)
    ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    store.withdraw(["run_0", "run_1"])
    moved = solver.points + 1.0
    for i in range(2):
        solver.write(solver.path(i), solver.fields(**solver.parameters(i)), moved)
    report = ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    assert report.accepted == ["run_0", "run_1"]


def test_a_rejected_run_without_files_is_forgotten(solver, store):
    solver.run(3)
    solver.path(2).write_text("no result")
    ingest_sources(store, solver.sources(), solver.table(3), solver.rules)
    assert [record.name for record in store.rejected()] == ["run_2"]
    solver.path(2).unlink()
    solver.path(2).parent.rmdir()
    ingest_sources(store, solver.sources(), solver.table(3), solver.rules)
    assert store.rejected() == []


def test_a_store_is_of_one_folder(store, tmp_path):
    first, second = tmp_path / "a" / "runs", tmp_path / "b" / "runs"
    first.mkdir(parents=True)
    second.mkdir(parents=True)
    store.claim(first, [])
    store.claim(tmp_path / "a" / ".." / "a" / "runs", [])
    with pytest.raises(StoreError, match="must be of one folder of runs") as why:
        SnapshotStore(store.path).claim(second, [])
    assert str(first) in str(why.value)
    assert str(second) in str(why.value)


def test_a_folder_that_was_moved_keeps_its_store_and_another_one_does_not_take_it(solver, store):
    solver.run(2)
    store.claim(solver.folder, ["run_0", "run_1"])
    ingest_sources(store, solver.sources(), solver.table(2), solver.rules)
    moved = solver.folder.rename(solver.folder.with_name("moved"))
    with pytest.raises(StoreError, match="another 'name'"):
        store.claim(moved, ["run_0", "run_7"])
    store.claim(moved, ["run_0", "run_1", "run_2"])
    assert store.folder == moved.resolve()


def test_runs_that_end_early_are_named_where_the_times_need_not_agree(solver, store):
    assert ended_early({"a": (0, 1.0), "b": (0, 0.5), "c": (0, 1.0), "d": (0, 1.0001), "e": (0,)}) == {
        "b": 0.5
    }
    for i in range(4):
        for step in range(2 if i == 2 else 4):
            fields = solver.fields(a=1.0 + i + 0.1 * step, b=1.0)
            solver.write(solver.folder / f"run_{i}" / f"r_{step}.vtu", fields)
    sources = find_runs(solver.folder, "run_*", "r_*.vtu")
    rules = replace(solver.rules, time=TimeRule("last"), step=1.0)
    report = ingest_sources(store, sources, solver.table(4), rules)
    assert report.accepted == ["run_0", "run_1", "run_2", "run_3"]
    assert any("1 of 4 runs end before the others: run_2 at 2" in note for note in report.notes)
