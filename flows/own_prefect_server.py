"""Prefect's server within the process of a command, where no other one is named.

Prefect itself would start a process for it, whose imports take as long as a small study.
"""

from __future__ import annotations

import contextlib
import contextvars
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import prefect
import uvicorn
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import Settings, get_current_settings, temporary_settings

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.cached_databases import cached_database, copy_from_cache, copy_to_cache

EMPTY = f"prefect-{prefect.__version__}"
"""Name of the empty database of this Prefect."""
SQLITE = "sqlite+aiosqlite:///"
HEAD = "SELECT version_num FROM alembic_version"
POLL_SECONDS = 0.02
START_SECONDS = 300.0
"""Prefect's limit is for a process of which nothing is known; a thread that fails is seen to end."""


@contextlib.contextmanager
def own_prefect_server() -> Iterator[None]:
    """Flows within the block are recorded by a server of this process, in Prefect's database of this user.

    Nothing is started where a server is named (`PREFECT_API_URL`, or the user's profile), or where Prefect's settings
    refuse one of its own. What flows have logged is stored before the block ends.

    Raises
    ------
    FieldwrightError
        The server does not start, such as where its database cannot be written.
    """
    settings = get_current_settings()
    if settings.api.url or not settings.server.ephemeral.enabled:
        yield
        return
    # Imported here: it takes a second, and nothing else of it is needed where another server is named.
    from prefect.server.api.server import create_app

    path = _database(settings)
    new = path is not None and not path.exists()
    ready = path is not None and (_taken_from_cache(path) if new else _is_newest(path))
    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        updates: dict[Any, Any] = {"api.url": address, "server.ui.enabled": False}
        if ready:
            # The empty database has the newest schema, and the types of blocks.
            updates |= {"server.database.migrate_on_start": False, "server.register_blocks_on_start": False}
        with temporary_settings(updates=updates):
            app = create_app(ephemeral=True, final=True)
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
            # It has the settings of this thread.
            thread = Thread(
                target=contextvars.copy_context().run,
                args=(_serve, server, listening),
                name="prefect server",
                daemon=True,
            )
            thread.start()
            try:
                _wait(server, thread, settings)
                if path is not None and new and not ready:
                    copy_to_cache(EMPTY, path, _is_empty)
                try:
                    yield
                finally:
                    _store_what_was_logged()
            finally:
                server.should_exit = True
                thread.join()


def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    # That it did not start is seen by the thread's end.
    with contextlib.suppress(SystemExit):
        server.run([listening])


def _wait(server: uvicorn.Server, thread: Thread, settings: Settings) -> None:
    end = time.monotonic() + max(START_SECONDS, settings.server.ephemeral.startup_timeout_seconds)
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise FieldwrightError(
                "Prefect's server must start within this process",
                f"none, with its data in {settings.home}",
                "See that this folder can be written, or name a server that runs in $PREFECT_API_URL",
            )
        time.sleep(POLL_SECONDS)


def _store_what_was_logged() -> None:
    # A worker that was never started raises RuntimeError.
    with contextlib.suppress(RuntimeError):
        APILogWorker.instance().drain()
    EventsWorker.drain_all()


def _database(settings: Settings) -> Path | None:
    """The file of Prefect's database; None where it is on a server or in memory."""
    url = settings.server.database.connection_url
    text = "" if url is None else url.get_secret_value()
    name = text.removeprefix(SQLITE)
    return Path(name) if text.startswith(SQLITE) and name and ":memory:" not in name else None


def _taken_from_cache(path: Path) -> bool:
    """Puts the empty database at `path`, at which there is none; whether it is there."""
    part = path.with_name(f"{path.name}.new-{time.time_ns()}")
    # Where the folder cannot be made, the server fails with what is wrong.
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.is_dir() or not copy_from_cache(EMPTY, part, _is_empty):
        return False
    try:
        # Not a replacement: another process may have made one since.
        path.hardlink_to(part)
    except OSError:
        return False
    finally:
        part.unlink()
    return True


def _is_newest(path: Path) -> bool:
    """Whether a database has the schema of the empty one."""
    head = _rows(cached_database(EMPTY), HEAD)
    return bool(head) and _rows(path, HEAD) == head


def _is_empty(path: Path) -> bool:
    """Whether a database has the tables, and no run in them."""
    return bool(_rows(path, HEAD)) and not _rows(path, "SELECT 1 FROM flow_run LIMIT 1")


def _rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    """What a statement finds; nothing where there is no such database or table."""
    if not path.exists():
        return []
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            return database.execute(statement).fetchall()
    except sqlite3.DatabaseError:
        return []
