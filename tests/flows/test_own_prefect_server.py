"""Prefect's server within the process: real flows, stored in a database that comes from the cache of empty ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from prefect import flow, get_run_logger, task
from prefect.server.database.dependencies import temporary_database_interface
from prefect.settings import get_current_settings, temporary_settings

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.cached_databases import cached_database
from fieldwright.flows.own_prefect_server import EMPTY, own_prefect_server


@task
def doubled(number: int) -> int:
    get_run_logger().info("doubling %s", number)
    return 2 * number


@flow
def doubling(number: int) -> int:
    return doubled(number)


@contextmanager
def database_at(path: Path) -> Iterator[None]:
    """Prefect takes one database for the life of a process, and another within this block alone."""
    with (
        temporary_database_interface(),
        temporary_settings({"server.database.connection_url": f"sqlite+aiosqlite:///{path}"}),
    ):
        yield


def found(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(statement).fetchall()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cached_database(EMPTY)


@pytest.mark.slow
def test_flows_are_stored_without_another_process_and_the_next_database_is_a_copy(
    tmp_path: Path, cache: Path
) -> None:
    # What lies in the cache is damaged: it is made anew.
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"no database" * 1000)
    first, second = tmp_path / "first" / "prefect.db", tmp_path / "second" / "prefect.db"
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with database_at(first), own_prefect_server():
        assert doubling(4) == 8
        address = get_current_settings().api.url
        assert {child.pid for child in psutil.Process().children(recursive=True)} == before
    assert get_current_settings().api.url != address
    assert found(first, "SELECT state_type FROM flow_run") == [("COMPLETED",)]
    assert found(first, "SELECT state_type FROM task_run") == [("COMPLETED",)]
    assert ("doubling 4",) in found(first, "SELECT message FROM log")

    # The empty one was kept before there was a run, and has what a server would have put in.
    assert not found(cache, "SELECT * FROM flow_run")
    with database_at(second), own_prefect_server():
        doubling(5)
    with database_at(second), own_prefect_server():
        doubling(6)
    assert len(found(second, "SELECT id FROM flow_run")) == 2
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    assert found(second, schema) == found(first, schema)
    types = "SELECT slug FROM block_type ORDER BY slug"
    assert found(second, types) == found(first, types) != []


def test_a_server_that_is_named_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "prefect.db"
    with (
        database_at(path),
        temporary_settings({"api.url": "http://127.0.0.1:9/api"}),
        own_prefect_server(),
    ):
        assert get_current_settings().api.url == "http://127.0.0.1:9/api"
    assert not path.exists()


def test_a_database_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with (
        database_at(tmp_path / "file" / "prefect.db"),
        pytest.raises(FieldwrightError, match=r"server must start within this process.*PREFECT_API_URL"),
        own_prefect_server(),
    ):
        pass
