"""What `prune` removes and what it never does: on a store made by hand, of real pipelines, and on a server."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow.entities import ViewType
from rich.console import Console

from fieldwright.data.environment import home
from fieldwright.data.errors import ModelError
from fieldwright.data.prediction_log import predictions_folder
from fieldwright.data.store.frozen_matrix import freeze
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.command_line.automation import prune
from fieldwright.flows.retention import prune as pruning
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.versions.version_history import VersionEvent, VersionHistory
from fieldwright.flows.workflow import run_study

MakeStudy = Callable[..., Path]


def made_pipeline(tracking: Tracking, number: int, promoted: bool = False, status: str = "FINISHED") -> str:
    """A pipeline with a candidate, a trial, a logged model and a version, as the workflow leaves them."""
    client, experiment = tracking.client, tracking.experiment_id()
    mlflow.set_tracking_uri(tracking.uri)
    tags = {"role": "pipeline"} | ({"inputs": f"inputs-{number}"} if status == "FINISHED" else {})
    run_id = client.create_run(experiment, 1000 * number, tags, f"pipeline-{number}").info.run_id
    parent = run_id
    for role in ("candidate", "trial"):
        tags = {"mlflow.parentRunId": parent, "role": role}
        parent = client.create_run(experiment, 1000 * number, tags).info.run_id
        client.log_text(parent, "x" * 1000, "curve.txt")
        client.set_terminated(parent)
    if status == "FINISHED":
        model = client.create_logged_model(experiment, "model", run_id)
        client.log_dict(run_id, {"promoted": promoted, "version": str(number)}, "report.json")
        client.finalize_logged_model(model.model_id, "READY")
        client.create_model_version("beam", f"models:/{model.model_id}", run_id, model_id=model.model_id)
        if promoted:
            client.set_registered_model_alias("beam", "champion", str(number))
    client.set_terminated(run_id, status)
    return run_id


def names(tracking: Tracking, view: int = ViewType.ACTIVE_ONLY) -> set[str]:
    runs = tracking.client.search_runs([tracking.experiment_id()], "tags.role = 'pipeline'", view)
    return {str(run.info.run_name).removeprefix("pipeline-") for run in runs}


def versions(tracking: Tracking) -> set[str]:
    return {str(one.version) for one in tracking.client.search_model_versions("name = 'beam'")}


def pruned(study: Study, really: bool = True) -> str:
    page = io.StringIO()
    pruning.prune_study(study, really, Console(file=page, width=120))
    return page.getvalue()


@pytest.fixture
def filled(make_study: MakeStudy) -> tuple[Study, Tracking]:
    """Eight pipelines: 1 and 3 were champions, 5 and 7 broke off, the others were not promoted."""
    path = make_study(3)
    path.write_text(path.read_text() + "\n[retention]\npipelines = 2\n")
    study = load_study(path)
    assert isinstance(study, Study)
    tracking = Tracking(None, "beam")
    tracking.client.create_registered_model("beam")
    number = 0
    for number, promoted in ((1, True), (2, False), (3, True), (4, False)):
        made_pipeline(tracking, number, promoted)
    made_pipeline(tracking, 5, status="FAILED")
    number = made_pipeline(tracking, 6)
    made_pipeline(tracking, 7, status="KILLED")
    made_pipeline(tracking, 8, status="FAILED")
    return study, tracking


def test_champions_and_the_last_pipelines_stay(filled: tuple[Study, Tracking]) -> None:
    study, tracking = filled
    files = home() / "mlartifacts" / "beam"
    before = sum(1 for one in files.rglob("*.txt"))
    shown = pruned(study, really=False)
    assert "pipelines" in shown
    assert "--yes" in shown
    assert names(tracking) == set("12345678"), "nothing is removed yet"
    assert sum(1 for one in files.rglob("*.txt")) == before

    pruned(study)
    # 7 and 8 are the last two, 6 the last that finished, 1 and 3 were champions.
    assert names(tracking) == set("13678")
    assert names(tracking, ViewType.ALL) == set("13678"), "the others are gone for good"
    # Versions are numbered on their own: the fifth is that of the sixth pipeline.
    assert versions(tracking) == {"1", "3", "5"}
    assert len(tracking.client.search_logged_models([tracking.experiment_id()])) == 3
    assert sum(1 for one in files.rglob("*.txt")) == before * 5 // 8
    champion = tracking.registry.champion()
    assert champion is not None
    assert champion.version == "3"
    assert "nothing that [retention] does not keep" in pruned(study)


def test_a_removal_that_is_killed_is_gone_on_with(
    filled: tuple[Study, Tracking], monkeypatch: pytest.MonkeyPatch
) -> None:
    study, tracking = filled

    class Killed(BaseException):
        pass

    step = 0
    while True:
        step += 1
        with monkeypatch.context() as patch:
            counted = 0

            def interrupt(do: Any, *words: Any, limit: int = step) -> Any:
                nonlocal counted
                counted += 1
                if counted > limit:
                    raise Killed
                return do(*words)

            from fieldwright.flows.tracking.past_runs import retained_runs

            unless_gone, files = retained_runs._unless_gone, retained_runs.delete_artifacts
            patch.setattr(retained_runs, "_unless_gone", lambda do, run=unless_gone: interrupt(run, do))
            patch.setattr(retained_runs, "delete_artifacts", lambda uri, run=files: interrupt(run, uri))
            try:
                pruned(study)
            except Killed:
                assert {"1", "3"} <= versions(tracking)
                continue
        break
    assert step > 5
    assert names(tracking, ViewType.ALL) == set("13678")
    assert versions(tracking) == {"1", "3", "5"}
    assert len(tracking.client.search_logged_models([tracking.experiment_id()])) == 3


def test_a_version_with_an_alias_or_in_the_history_stays(filled: tuple[Study, Tracking]) -> None:
    study, tracking = filled
    tracking.client.set_registered_model_alias("beam", "challenger", "2")
    VersionHistory(tracking).record(VersionEvent.now("rolled back", "4", "3", "somebody", "it was better"))
    pruned(study)
    assert versions(tracking) == {"1", "2", "3", "4", "5"}
    assert names(tracking) == set("1234678")


def test_what_lies_on_this_machine_goes_by_its_own_rules(make_study: MakeStudy, tmp_path: Path) -> None:
    path = make_study(9)
    study = load_study(path)
    assert isinstance(study, Study)
    read_runs(study)
    store = SnapshotStore(study.store_path)
    stale, fresh = freeze(store, "stress").path, None
    store.withdraw(["run_0001"])
    fresh = freeze(store, "stress").path
    log = predictions_folder("beam")
    log.mkdir(parents=True)
    for name, age in (("old", 100.0), ("new", 1.0)):
        (log / f"{name}.parquet").write_bytes(b"x" * 1000)
        stamp = time.time() - age * 86400.0
        os.utime(log / f"{name}.parquet", (stamp, stamp))
    shown = pruned(study)
    for kind in ("superseded and withdrawn runs", "frozen matrices", "old predictions"):
        assert kind in shown
    assert not list((study.store_path / "superseded").iterdir())
    assert fresh.exists()
    assert not stale.exists()
    assert [one.stem for one in log.iterdir()] == ["new"]
    assert len(SnapshotStore(study.store_path).accepted()) == 8
    assert read_runs(study).accepted == ["run_0001"], "its files are there"


def test_a_store_that_refuses_is_one_sentence(filled: tuple[Study, Tracking]) -> None:
    """As where the disk is full: the database takes no further row."""
    study, tracking = filled
    database = home() / "mlflow.db"
    import sqlite3

    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    with pytest.raises(ModelError, match="Nothing that is needed was touched"):
        pruned(study)
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TRIGGER full")
    assert {"1", "3", "5"} <= versions(tracking)
    pruned(study)
    assert names(tracking, ViewType.ALL) == set("13678")


@pytest.mark.slow
def test_pipelines_go_on_after_a_prune(make_study: MakeStudy) -> None:
    """Real ones: the champion answers and is compared with, an unchanged study is nothing new, another one trains."""
    path = make_study(9)
    text = path.read_text().replace('[[candidates]]\nkind = "gp"\n', "") + "\n[retention]\npipelines = 1\n"
    for folds, rule in ((4, ""), (3, "min_improvement = 0.99"), (5, "min_improvement = 0.99")):
        path.write_text(text.replace("folds = 4", f"folds = {folds}\n[promotion]\n{rule}"))
        report = run_study(str(path))
    tracking = Tracking(None, "beam")
    assert versions(tracking) == {"1", "2", "3"}
    prune(path, yes=True)
    assert versions(tracking) == {"1", "3"}
    champion = tracking.registry.champion()
    assert champion is not None
    assert champion.version == "1"
    assert tracking.registry.download(champion, home() / "download").exists()
    assert run_study(str(path)).nothing_new
    path.write_text(path.read_text().replace("folds = 5", "folds = 6"))
    report = run_study(str(path))
    assert report.version == "4"
    assert "version 1" in report.why


@pytest.mark.slow
def test_a_server_removes_as_far_as_its_interface_goes(
    make_study: MakeStudy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address, artifacts = f"http://127.0.0.1:{port}", tmp_path / "served"
    store = (
        "--backend-store-uri",
        f"sqlite:///{tmp_path / 'server.db'}",
        "--artifacts-destination",
        str(artifacts),
    )
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), *store, "--workers", "1"]
    with (tmp_path / "server.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + 300
        while socket.socket().connect_ex(("127.0.0.1", port)) and time.monotonic() < end:
            time.sleep(1.0)
        path = make_study(3)
        path.write_text(path.read_text() + f'\n[retention]\npipelines = 1\n[tracking]\nuri = "{address}"\n')
        study, tracking = load_study(path), Tracking(address, "beam")
        assert isinstance(study, Study)
        tracking.client.create_registered_model("beam")
        for number in (1, 2, 3):
            made_pipeline(tracking, number, promoted=number == 1)
        files = sum(1 for one in artifacts.rglob("*.txt"))
        shown = pruned(study)
        assert "`mlflow gc`" in shown
        assert names(tracking) == {"1", "3"}
        assert versions(tracking) == {"1", "3"}
        assert sum(1 for one in artifacts.rglob("*.txt")) == files * 2 // 3
    finally:
        os.killpg(server.pid, 15)
        server.wait(60)
