"""The database of the tracking store: created completely or not at all, by one process at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import time
from pathlib import Path

import mlflow
import mlflow.db
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from fieldwright.data.databases import require_driver
from fieldwright.data.errors import ModelError
from fieldwright.data.redaction import without_password
from fieldwright.data.tracking_file import SQLITE, follow_move, sqlite_path, store_lock
from fieldwright.flows.cached_databases import copy_from_cache, copy_to_cache

KEPT = ("runs", "registered_models", "model_versions")
"""Tables whose rows are a user's work: a store that has any is never given up."""
logger = logging.getLogger("fieldwright")


def open_store(uri: str) -> mlflow.MlflowClient:
    """Connects to the tracking store; one that is not there yet is made.

    Only one process of this machine creates or migrates a store at a time; the others wait for it. A SQLite store is
    made under another name and then renamed: a process that is killed leaves no half of it.

    Parameters
    ----------
    uri
        `sqlite:///path`, another database, or the address of an MLflow server.

    Raises
    ------
    ModelError
        The store cannot be opened or mended.
    """
    # Both log every step of making a new store; none of it is for users.
    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if uri.startswith(("http://", "https://")):
        return mlflow.MlflowClient(uri, uri)
    if uri.startswith("postgresql"):
        require_driver()
    path = sqlite_path(uri)
    with store_lock(uri):
        if path is not None:
            _make_whole(path)
            follow_move(path)
        try:
            client = mlflow.MlflowClient(uri, uri)
            # The registry connects at its first use: within the lock, since it may create tables too.
            client.search_registered_models(max_results=1)
        except (MlflowException, SQLAlchemyError, CommandError) as error:
            raise ModelError(
                "The tracking store must open",
                f"{without_password(uri)}: {_first_line(error)}",
                "Check its address and that its server is up",
            ) from error
    return client


def _make_whole(path: Path) -> None:
    for left_over in path.parent.glob(f"{path.name}.new*"):
        left_over.unlink()
    if not path.exists() or path.stat().st_size == 0:
        _replace(path, None)
        return
    revision = _revision(path)
    if revision == _newest_revision():
        return
    try:
        _replace(path, path)
    except (MlflowException, SQLAlchemyError, CommandError) as error:
        if _holds_work(path):
            raise ModelError(
                "The tracking store must have a schema that this MLflow has or can bring up to date",
                f"{path}, schema {revision or 'unknown'} ({_first_line(error)})",
                "Use the MLflow that wrote it, or put a copy of an earlier day in its place; it was left as it is",
            ) from error
        backup = path.with_name(f"{path.name}.unfinished-{time.strftime('%Y%m%dT%H%M%S')}")
        os.replace(path, backup)
        logger.warning(
            "The tracking store %s was never finished and held no run: moved to %s", path, backup.name
        )
        _replace(path, None)
    else:
        logger.warning(
            "The tracking store %s was brought from schema %s to %s; the old one is kept beside it",
            *(path, revision or "none", _newest_revision()),
        )


def _replace(path: Path, source: Path | None) -> None:
    """Puts a store of the newest schema at `path`: a new one, or the migrated copy of `source`, which is kept."""
    fresh = path.with_name(f"{path.name}.new-{os.getpid()}")
    if source is not None:
        with (
            contextlib.closing(sqlite3.connect(source)) as old,
            contextlib.closing(sqlite3.connect(fresh)) as new,
        ):
            old.backup(new)
    try:
        if source is None and copy_from_cache(_empty_store(), fresh, _is_empty):
            os.replace(fresh, path)
            return
        upgrade = mlflow.db.upgrade.callback
        assert upgrade is not None
        # What `mlflow db upgrade` does: create an empty database, migrate an older one.
        upgrade(f"{SQLITE}{fresh}")
        if source is None:
            copy_to_cache(_empty_store(), fresh, _is_empty)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    if source is not None:
        shutil.copyfile(source, source.with_name(f"{source.name}.before-{_newest_revision()}"))
    os.replace(fresh, path)


def _empty_store() -> str:
    """The name of the empty store of the newest schema."""
    return f"mlflow-{mlflow.__version__}-{_newest_revision()}"


def _is_empty(path: Path) -> bool:
    """Whether a store has the newest schema and no row of a user's work."""
    return _revision(path) == _newest_revision() and not _holds_work(path)


def _newest_revision() -> str:
    migrations = Path(mlflow.__file__).parent / "store" / "db_migrations"
    return ScriptDirectory(str(migrations)).get_current_head() or ""


def _revision(path: Path) -> str:
    rows = _query(path, "SELECT version_num FROM alembic_version")
    return str(rows[0][0]) if len(rows) == 1 else ""


def _holds_work(path: Path) -> bool:
    return any(_query(path, f"SELECT 1 FROM {table} LIMIT 1") for table in KEPT)


def _query(path: Path, statement: str) -> list[tuple[object, ...]]:
    """The rows; none where the table is missing. Raises ModelError where the file is no database."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            return database.execute(statement).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return []
        raise _no_database(path, error) from error
    except sqlite3.DatabaseError as error:
        raise _no_database(path, error) from error


def _no_database(path: Path, error: Exception) -> ModelError:
    return ModelError(
        "The tracking store must be an SQLite database that can be read",
        f"{path} ({error})",
        "Put a copy of an earlier day in its place, or move the file away to begin anew",
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return without_password(lines[0]) if lines else type(error).__name__
