"""New files start a pipeline once they are complete: half-written ones wait, broken ones are not tried again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from fieldwright.data.environment import home
from fieldwright.data.errors import StudyError
from fieldwright.data.ingest.solver_log import log_is_open
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.study_lock import study_is_idle
from fieldwright.flows.watching import watch as watching
from fieldwright.flows.watching.listing import WatchedPlaces, list_entries
from fieldwright.flows.watching.settling import Settling
from fieldwright.flows.watching.watch import Watch, watch_forever

MakeStudy = Callable[..., Path]


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_run_has_settled_once_nothing_of_it_has_changed(tmp_path: Path) -> None:
    runs, table = tmp_path / "runs", write(tmp_path / "table.csv")
    places = WatchedPlaces(runs, "run_*", (table, tmp_path / "missing.csv"))
    settling = Settling(10.0, 100.0, log_is_open)

    def settled(now: float) -> set[str]:
        return {Path(name.removeprefix("file ")).name for name in settling.settled(list_entries(places), now)}

    assert settled(0.0) == set()
    write(runs / "run_1" / "deep" / "field.vtu")
    write(runs / "run_2" / "field.vtu")
    write(runs / "other" / "field.vtu")
    assert settled(11.0) == {"table.csv"}
    write(runs / "run_1" / "deep" / "field.vtu", "xx")
    assert settled(21.0) == {"table.csv", "run_2"}, "run_1 grows"
    os.utime(runs / "run_2" / "field.vtu", (1, 1))
    assert settled(31.0) == {"table.csv", "run_1"}, "run_2 was written again, whatever its clock says"
    assert settled(41.0) == {"table.csv", "run_1", "run_2"}
    part = write(runs / "run_1" / "next.vtu.part")
    assert settled(60.0) == {"table.csv", "run_2"}
    assert settled(90.0) == {"table.csv", "run_2"}, "as long as it is called so"
    part.rename(runs / "run_1" / "next.vtu")
    assert settled(91.0) == {"table.csv", "run_2"}
    assert settled(101.0) == {"table.csv", "run_1", "run_2"}
    write(runs / "run_3" / "log.simpleFoam", "| OpenFOAM: the toolbox\nTime = 1\n")
    assert "run_3" not in settled(102.0)
    assert "run_3" not in settled(150.0), "its solver is at work"
    assert "run_3" in settled(203.0), "or was killed long ago"
    write(runs / "run_3" / "log.simpleFoam", "| OpenFOAM: the toolbox\nTime = 2\nEnd\n\n")
    assert "run_3" not in settled(204.0)
    assert "run_3" in settled(215.0)


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("| OpenFOAM: toolbox\nTime = 1\nExecutionTime = 1 s\n", True),
        ("| OpenFOAM: toolbox\nTime = 1\n\nEnd\n\n", False),
        ("| OpenFOAM: toolbox\nTime = 1\n--> FOAM FATAL ERROR: diverged\n", False),
        ("CalculiX Version 2.21\n increment 1 attempt 1\n", True),
        ("CalculiX Version 2.21\n increment 1\n Job finished\n", False),
        ("a log of nobody\n", False),
    ],
)
def test_a_solvers_log_says_whether_it_is_at_work(text: str, is_open: bool, tmp_path: Path) -> None:
    write(tmp_path / "log.solver", text)
    assert log_is_open(tmp_path) == is_open
    assert log_is_open(tmp_path, "log.*", "of nobody") == ("nobody" not in text)


def test_a_folder_that_cannot_be_read_is_not_empty(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every folder")
    write(tmp_path / "runs" / "run_1" / "field.vtu")
    (tmp_path / "runs").chmod(0)
    try:
        with pytest.raises(PermissionError):
            list_entries(WatchedPlaces(tmp_path / "runs", "run_*", ()))
    finally:
        (tmp_path / "runs").chmod(0o755)


class Pipelines:
    """In place of the process of a pipeline: what it was started with, and how it ends."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.skipped = list(statuses), []

    def __call__(self, study: object, unsettled: list[str], stop: Event) -> int:
        self.skipped.append(list(unsettled))
        return self.statuses.pop(0)


def quick(path: Path, more: str = "") -> Path:
    path.write_text(path.read_text() + f"\n[watch]\nsettle_seconds = 0.05\nevery_seconds = 0.05\n{more}")
    return path


def looks(watch: Watch, number: int = 3) -> None:
    for _ in range(number):
        watch.look(Event())
        time.sleep(0.06)


def test_nothing_new_starts_nothing_and_broken_input_is_tried_once(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quick(make_study(3), "retry_seconds = 0.2\nattempts = 2\n")
    said: list[str] = []
    pipelines = Pipelines(0, 2, 1, -9, 0, 0)
    monkeypatch.setattr(watching, "run_pipeline", pipelines)
    watch = Watch(load_study(path), said.append)
    looks(watch, 6)
    assert len(pipelines.skipped) == 1, "once for what was there, then nothing is new"
    looks(Watch(load_study(path), said.append))
    assert len(pipelines.skipped) == 1, "nor after a new start"

    result = path.parent / "runs" / "run_0001" / "result.vtu"
    result.write_bytes(result.read_bytes()[:-10])
    looks(watch, 8)
    assert len(pipelines.skipped) == 2
    assert "it runs again when they change" in said[-1]

    # One that breaks off is tried again after a while, as often as the study says.
    result.write_bytes(result.read_bytes()[:-10])
    looks(watch, 12)
    assert len(pipelines.skipped) == 4
    assert "another attempt in 0.2 s" in said[-2] + said[-3]
    assert "broke off 2 times" in said[-1]

    # A study file that is wrong is said once, and the next good one counts.
    text = path.read_text()
    path.write_text(text.replace("seed = 3", "seed = -3"))
    looks(watch, 4)
    assert sum("'seed'" in one for one in said) == 1
    number = len(pipelines.skipped)
    path.write_text(text.replace("seed = 3", "seed = 44"))
    looks(watch, 4)
    assert len(pipelines.skipped) == number + 1
    assert watch.study.seed == 44


def test_a_run_that_is_being_written_is_left_to_the_next_pipeline(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = quick(make_study(3))
    pipelines = Pipelines(0, 0)
    monkeypatch.setattr(watching, "run_pipeline", pipelines)
    part = write(path.parent / "runs" / "run_0002" / "result.vtu.part")
    watch = Watch(load_study(path), lambda _: None)
    looks(watch)
    assert pipelines.skipped == [["run_0002"]]
    study = load_study(path)
    assert [run.name for run in study.skipping(["run_0002"]).runs_on_disk()] == ["run_0001", "run_0003"]
    part.unlink()
    looks(watch)
    assert pipelines.skipped == [["run_0002"], []]


def test_a_study_is_watched_once(make_study: MakeStudy) -> None:
    path = make_study(3)
    with study_is_idle("watch-beam") as free:
        assert free
        with pytest.raises(StudyError, match="must be watched once"):
            watch_forever(path, print, Event())


def wait_for(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.3)


@pytest.mark.slow
def test_a_new_run_becomes_part_of_a_new_version(
    make_study: MakeStudy, write_run: Callable[..., None]
) -> None:
    """The command itself, its pipelines in processes of their own: from files to versions, then a clean stop."""
    path = make_study(9)
    path.write_text(path.read_text().replace('[[candidates]]\nkind = "gp"\n', ""))
    quick(path)
    runs, store = path.parent / "runs", home() / "stores" / "beam"
    table = (runs / "parameters.csv").read_text()
    command = [sys.executable, "-m", "fieldwright.flows.cli", "watch", str(path)]
    log = path.with_name("watch.log")
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=dict(os.environ))
    try:
        wait_for(lambda: "Version 1 (bayes)" in log.read_text())
        before = log.read_text().count("New or changed")
        # The table first, then the files of the run, one of them half-written for a while.
        (runs / "parameters.csv").write_text(table + "run_0010,2.0,7.0\nrun_0011,2.5,8.0\n")
        write_run(runs / "run_0010", 2.0, 7.0)
        write_run(runs / "run_0011", 2.5, 8.0)
        part = runs / "run_0011" / "result.vtu"
        content = part.read_bytes()
        part.write_bytes(content[:500])
        part.rename(part.with_suffix(".vtu.part"))
        wait_for(lambda: log.read_text().count("New or changed") > before)
        wait_for(lambda: any(one.name == "run_0010" for one in SnapshotStore(store).accepted()))
        assert all(one.name != "run_0011" for one in SnapshotStore(store).rejected()), "it was not looked at"
        part.write_bytes(content)
        part.with_suffix(".vtu.part").unlink()
        wait_for(lambda: any(one.name == "run_0011" for one in SnapshotStore(store).accepted()))
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, log.read_text()[-2000:]
    study = load_study(path)
    versions = Tracking(study.tracking.uri, study.name).client.search_model_versions("name = 'beam'")
    assert len(versions) >= 1
