"""The tracking store: first commands at once, a kill while it is made, and stores that were left half made."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
from alembic import command
from alembic.config import Config

from fieldwright.data.errors import ModelError
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.process_store import store_of_the_process
from fieldwright.flows.tracking.store import open_store

MIGRATIONS = Path(mlflow.__file__).parent / "store" / "db_migrations"
MAKES_STORES = True
MIDDLE = "cc1f77228345"
"""A revision that is neither the first nor the last: MLflow 1.19's."""
FIRST_COMMAND = (
    "from fieldwright.flows.tracking.mlflow_runs import Tracking; "
    "print(Tracking(None, 'study').experiment_id())"
)


def store_of_revision(path: Path, revision: str) -> str:
    """A store as an interrupted migration, or an older MLflow, leaves it."""
    from mlflow.store.tracking.dbmodels.initial_models import Base
    from sqlalchemy import create_engine

    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    return f"sqlite:///{path}"


def execute(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as database:
        for statement in statements:
            database.execute(statement)
    database.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of caches, in which no empty store lies ready."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fieldwright"


def schema_of(path: Path) -> list[tuple[str, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [*rows, *database.execute("SELECT version_num FROM alembic_version").fetchall()]


def test_a_second_home_takes_the_empty_store_of_the_first(tmp_path: Path, cache: Path) -> None:
    paths = [tmp_path / name for name in ("first.db", "second.db")]
    open_store(f"sqlite:///{paths[0]}").create_experiment("of the first")
    (ready,) = cache.iterdir()
    made = ready.stat().st_mtime_ns
    client = open_store(f"sqlite:///{paths[1]}")
    assert client.get_experiment_by_name("of the first") is None
    run = client.create_run(client.create_experiment("of the second"))
    assert client.get_run(run.info.run_id).info.status == "RUNNING"
    assert schema_of(paths[0]) == schema_of(paths[1])
    assert ready.stat().st_mtime_ns == made, "the second one was migrated anew"


@pytest.mark.parametrize("damage", ["no database", "half", "a run in it", "an older schema"])
def test_an_empty_store_that_is_damaged_is_made_anew(damage: str, tmp_path: Path, cache: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'first.db'}")
    (ready,) = cache.iterdir()
    whole = ready.read_bytes()
    if damage == "no database":
        ready.write_bytes(b"no database at all" * 100)
    elif damage == "half":
        ready.write_bytes(whole[: len(whole) // 2])
    elif damage == "a run in it":
        execute(ready, "INSERT INTO runs (run_uuid, lifecycle_stage) VALUES ('abc', 'active')")
    else:
        execute(ready, f"UPDATE alembic_version SET version_num = '{MIDDLE}'")
    client = open_store(f"sqlite:///{tmp_path / 'second.db'}")
    assert client.search_runs(["0"]) == []
    assert schema_of(ready) == schema_of(tmp_path / "second.db")
    with contextlib.closing(sqlite3.connect(ready)) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchall() == [(0,)]


@pytest.mark.slow
@pytest.mark.usefixtures("cache")
def test_first_commands_at_once_find_one_store_and_one_experiment(own_home: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_COMMAND], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert len({out for out, _ in outputs}) == 1
    assert {path.name for path in own_home.glob("mlflow.db*")} == {"mlflow.db", "mlflow.db.lock"}


@pytest.mark.usefixtures("cache")
def test_a_kill_while_the_store_is_made_leaves_nothing_half_made(own_home: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", FIRST_COMMAND], stdout=subprocess.DEVNULL)
    end = time.monotonic() + 300
    while not list(own_home.glob("mlflow.db.new*")) and time.monotonic() < end and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    Tracking(None, "study").experiment_id()
    assert not list(own_home.glob("mlflow.db.new*"))


def test_an_older_store_is_migrated_and_its_runs_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mlflow.db"
    uri = store_of_revision(path, MIDDLE)
    execute(
        path,
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (7, 'old', 'active')",
        "INSERT INTO runs (run_uuid, name, user_id, status, start_time, lifecycle_stage, experiment_id) "
        "VALUES ('abc', 'r', 'me', 'FINISHED', 1, 'active', 7)",
    )
    with caplog.at_level(logging.WARNING, logger="fieldwright"):
        client = open_store(uri)
    assert client.get_run("abc").info.experiment_id == "7"
    assert f"brought from schema {MIDDLE}" in caplog.text
    assert len(list(tmp_path.glob("mlflow.db.before-*"))) == 1


@pytest.mark.parametrize("revision", ["451aebb31d03", MIDDLE])
def test_a_store_that_was_never_finished_is_moved_aside(
    revision: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "mlflow.db"
    uri = store_of_revision(path, revision)
    # Two migrations at once: the other has made a table that this revision knows nothing of.
    execute(path, "CREATE TABLE trace_info (request_id TEXT)")
    with caplog.at_level(logging.WARNING, logger="fieldwright"):
        client = open_store(uri)
    assert client.search_runs(["0"]) == []
    (aside,) = tmp_path.glob("mlflow.db.unfinished-*")
    assert aside.name in caplog.text


def test_a_store_with_runs_that_cannot_be_migrated_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    uri = store_of_revision(path, MIDDLE)
    execute(
        path,
        "CREATE TABLE trace_info (request_id TEXT)",
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (7, 'old', 'active')",
        "INSERT INTO runs (run_uuid, name, user_id, status, start_time, lifecycle_stage, experiment_id) "
        "VALUES ('abc', 'r', 'me', 'FINISHED', 1, 'active', 7)",
    )
    before = path.read_bytes()
    with pytest.raises(ModelError, match="must have a schema that this MLflow has") as error:
        open_store(uri)
    assert "left as it is" in str(error.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database at all\n" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="must be an SQLite database that can be read"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    assert open_store(f"sqlite:///{tmp_path / 'mlflow.db'}").search_runs(["0"]) == []


def test_no_password_is_printed() -> None:
    with pytest.raises(ModelError) as error:
        open_store("nosuchdatabase://user:secret@127.0.0.1:1/x")
    assert "secret" not in str(error.value)


def test_a_home_that_was_moved_keeps_its_artifacts(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracking = Tracking(None, "study")
    with tracking.run("first") as run:
        run.json({"a.json": {"a": 1}})
    moved = own_home.rename(own_home.with_name("another_home"))
    monkeypatch.setenv("FIELDWRIGHT_HOME", str(moved))
    tracking = Tracking(None, "study")
    experiment = tracking.client.get_experiment(tracking.experiment_id())
    assert experiment.artifact_location == (moved / "mlartifacts" / "study").as_uri()
    assert [file.path for file in tracking.client.list_artifacts(run.id)] == ["a.json"]
    with tracking.run("second") as further:
        further.json({"b.json": {"b": 2}})
    assert not own_home.exists()


def test_what_a_study_sets_of_the_process_ends_with_it(tmp_path: Path) -> None:
    of_study = Tracking(f"sqlite:///{tmp_path / 'study.db'}", "study")
    run_id = of_study.client.create_run(of_study.experiment_id()).info.run_id
    own = f"sqlite:///{tmp_path / 'own.db'}"
    open_store(own)
    with store_of_the_process(own):
        # A notebook with an experiment of its own, which trains a study.
        mlflow.set_experiment("notebook")
        before = mlflow.get_tracking_uri(), mlflow.get_registry_uri(), dict(os.environ)
        with store_of_the_process(of_study.uri):
            assert mlflow.get_tracking_uri() == mlflow.get_registry_uri() == of_study.uri
            with mlflow.start_run(run_id=run_id):
                mlflow.log_metric("score", 1.0)
        assert (mlflow.get_tracking_uri(), mlflow.get_registry_uri(), dict(os.environ)) == before
        with mlflow.start_run() as run:
            assert mlflow.get_experiment(run.info.experiment_id).name == "notebook"
    assert of_study.client.get_run(run_id).data.metrics == {"score": 1.0}
