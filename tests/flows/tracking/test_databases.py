"""Tracking in PostgreSQL and files in an S3-compatible store, on real servers, and what is said where they lack."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from fieldwright.data.databases import database_url
from fieldwright.data.errors import ModelError
from fieldwright.data.tracking_file import default_uri
from fieldwright.flows.tracking.artifact_place import artifact_place
from fieldwright.flows.tracking.mlflow_runs import Tracking
from tests.postgresql_rows import rows

WITHOUT = "import sys; sys.modules[{module!r}] = None; from fieldwright.flows.cli import main; main()"


def command(
    *arguments: str, program: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    begin = ["-m", "fieldwright.flows.cli"] if program is None else ["-c", program]
    return subprocess.run(
        [sys.executable, *begin, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


@pytest.mark.slow
def test_a_study_is_tracked_in_postgresql_with_its_files_in_s3(
    make_study: Callable[..., Path],
    postgresql: str,
    s3_store: dict[str, str],
    own_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = make_study(n_runs=8)
    path.write_text(path.read_text().replace('[[candidates]]\nkind = "gp"\n', ""))
    monkeypatch.chdir(tmp_path)
    settings = s3_store | {
        "FIELDWRIGHT_DATABASE_URL": f"{postgresql}/works",
        "FIELDWRIGHT_ARTIFACTS": "s3://models/here",
    }
    done = command("run", str(path), **settings)
    assert done.returncode == 0, done.stderr
    assert "secret" not in done.stdout + done.stderr
    url = f"{postgresql}/works_mlflow"
    assert rows(url, "SELECT artifact_location FROM experiments WHERE name = 'beam'") == [
        ("s3://models/here/beam",)
    ]
    assert rows(url, "SELECT alias FROM registered_model_aliases") == [("champion",)]
    assert not (tmp_path / "mlruns").exists()
    assert not (own_home / "mlartifacts").exists()
    # What has been written is found again, with its files.
    for name, text in settings.items():
        monkeypatch.setenv(name, text)
    tracking = Tracking(None, "beam")
    champion = tracking.registry.champion()
    assert champion is not None
    assert (tracking.registry.download(champion, tmp_path / "files") / "manifest.json").exists()


def test_files_lie_in_the_home_whatever_the_database(
    postgresql: str, own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FIELDWRIGHT_DATABASE_URL", f"{postgresql}/homes")
    tracking = Tracking(None, "study")
    with tracking.run("one") as run:
        run.json({"a.json": {"a": 1}})
    location = tracking.client.get_run(run.id).info.artifact_uri
    assert location is not None
    assert Path(unquote(urlsplit(location).path)).is_relative_to(own_home / "mlartifacts" / "study")
    assert list((own_home / "mlartifacts").rglob("a.json"))
    assert not (tmp_path / "mlruns").exists()


def test_databases_are_made_once_and_then_used(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDWRIGHT_DATABASE_URL", f"{postgresql}/twice")
    assert [database_url("mlflow") for _ in range(2)] == [f"{postgresql}/twice_mlflow"] * 2
    assert database_url("prefect") == f"{postgresql}/twice_prefect"
    assert default_uri() == f"{postgresql}/twice_mlflow"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://elsewhere")
    assert default_uri() == "http://elsewhere"


def test_who_may_not_make_a_database_reads_who_can(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg2

    connection = psycopg2.connect(f"{postgresql}/postgres")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE guest LOGIN PASSWORD 'hidden'")
    connection.close()
    guest = postgresql.replace("user:secret", "guest:hidden")
    monkeypatch.setenv("FIELDWRIGHT_DATABASE_URL", f"{guest}/closed")
    with pytest.raises(ModelError, match="createdb --owner USER closed_mlflow") as error:
        database_url("mlflow")
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "must"),
    [
        ("mysql://user:secret@host/name", "must be the address of a PostgreSQL server"),
        ("postgresql://user:secret@host", "must be the address of a PostgreSQL server"),
        ("postgresql://user:secret@127.0.0.1:1/name", "must answer"),
    ],
)
def test_a_wrong_address_is_one_sentence_without_the_password(
    text: str, must: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg2", reason="the driver of PostgreSQL is not installed")
    monkeypatch.setenv("FIELDWRIGHT_DATABASE_URL", text)
    with pytest.raises(ModelError, match=must) as error:
        database_url("mlflow")
    assert "secret" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "tracking", "extra"),
    [
        ("psycopg2", 'uri = "postgresql://user:secret@127.0.0.1:1/name"', "fieldwright[postgresql]"),
        ("boto3", 'artifacts = "s3://models"', "fieldwright[s3]"),
    ],
)
def test_what_is_not_installed_is_named_by_its_extra(
    module: str, tracking: str, extra: str, make_study: Callable[..., Path]
) -> None:
    path = make_study(n_runs=8, more=f"[tracking]\n{tracking}")
    # As if it were not installed: the import system then finds neither the module nor its description.
    program = WITHOUT.format(module=module)
    done = command("run", str(path), program=program)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert extra in lines[-1]
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_folder_of_files_is_relative_to_the_home(
    own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert artifact_place("files") == (own_home / "files").as_uri()
    monkeypatch.setenv("FIELDWRIGHT_ARTIFACTS", str(tmp_path / "shared"))
    assert artifact_place(None) == (tmp_path / "shared").as_uri()
    assert artifact_place("own") == (own_home / "own").as_uri()
