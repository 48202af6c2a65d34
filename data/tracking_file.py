"""The SQLite file of an MLflow tracking store: the lock of those who write it, and a home that was moved.

MLflow writes the absolute address of every artifact into it, so that none is found once the folder has moved. Whoever
opens the store from its new place sets them right.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fieldwright.data.databases import database_url
from fieldwright.data.disk import fault
from fieldwright.data.environment import home
from fieldwright.data.errors import ModelError

SQLITE = "sqlite:///"
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
"""Tables and columns that hold them."""
BUSY_SECONDS = 30.0
logger = logging.getLogger("fieldwright")


def default_uri() -> str:
    """$MLFLOW_TRACKING_URI, or the database of $FIELDWRIGHT_DATABASE_URL, or SQLite under $FIELDWRIGHT_HOME."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or database_url("mlflow")
    return absolute_uri(uri, Path.cwd()) if uri else f"{SQLITE}{home() / 'mlflow.db'}"


def absolute_uri(uri: str, folder: Path) -> str:
    """The address of a store, that of a SQLite file with its whole path: one that is not is relative to the folder.

    Programs that a command starts run in other folders, and would make a store of their own there.
    """
    path = sqlite_path(uri)
    if path is None or path.is_absolute():
        return uri
    return f"{SQLITE}{(folder / path).resolve()}{uri[len(SQLITE) + len(str(path)) :]}"


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite store; None for every other one."""
    text = uri.removeprefix(SQLITE).partition("?")[0]
    return Path(text) if uri.startswith(SQLITE) and text not in ("", ":memory:") else None


@contextlib.contextmanager
def store_lock(uri: str) -> Iterator[None]:
    """One process of this machine at a time. It is the kernel's lock: it goes with the process, however that ends."""
    path = sqlite_path(uri)
    digest = hashlib.sha256(uri.encode()).hexdigest()[:16]
    place = home() / f"tracking-{digest}.lock" if path is None else path.with_name(path.name + ".lock")
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def has_moved(path: Path) -> bool:
    """Whether artifacts of the store lie at another place than its addresses say."""
    return bool(_moves(path))


def follow_move(path: Path) -> None:
    """Sets the addresses right where the folder of the artifacts has moved; the caller holds the lock.

    Raises
    ------
    ModelError
        The store cannot be written.
    """
    try:
        moves = _moves(path)
        if not moves:
            return
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database, database:
            for before, now in moves.items():
                for table, column in ADDRESSES:
                    if _has_column(database, table, column):
                        # Not by LIKE, to which the sign _ of a path is any sign.
                        database.execute(
                            f"UPDATE {table} SET {column} = ? || substr({column}, ?) "
                            f"WHERE substr({column}, 1, ?) = ?",
                            (f"{now}/", len(before) + 2, len(before) + 1, f"{before}/"),
                        )
    except (sqlite3.Error, OSError) as error:
        cause = fault(error, "the tracking store", "writable") if isinstance(error, OSError) else None
        raise ModelError(
            "A tracking store that was moved must be writable, for the addresses of its artifacts to be set right",
            f"{path} ({error})",
            f"{cause[1] if cause else 'Make it writable'}, or move it back",
        ) from error
    for before, now in moves.items():
        logger.warning(
            "Artifacts of %s have moved from %s to %s: its addresses are set right", path, before, now
        )


def _moves(path: Path) -> dict[str, str]:
    """Address of each folder that has moved, and where it is now; none where the file is no store yet."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        ) as database:
            rows = database.execute("SELECT DISTINCT artifact_location FROM experiments").fetchall()
    except sqlite3.Error:
        return {}
    moves: dict[str, str] = {}
    for (address,) in rows:
        url = urlsplit(str(address))
        if url.scheme == "file" and not url.netloc:
            before = Path(unquote(url.path))
            for root in (path.resolve().parent, home()):
                tail = _tail(before, root)
                if tail is not None and _was_moved(before, root, tail, path.name):
                    moves[before.parents[len(tail.parts) - 1].as_uri()] = root.as_uri()
                    break
    return moves


def _tail(before: Path, root: Path) -> Path | None:
    """The longest end of the path, of two names at least, that is a folder beneath the root."""
    for start in range(1, len(before.parts) - 1):
        tail = Path(*before.parts[start:])
        if (root / tail).is_dir():
            return tail
    return None


def _was_moved(before: Path, root: Path, tail: Path, database: str) -> bool:
    """Not where it is the same folder, or where both are there and the other is not what this is a copy of."""
    now = root / tail
    if not before.exists():
        return True
    return not before.samefile(now) and (before.parents[len(tail.parts) - 1] / database).exists()


def _has_column(database: sqlite3.Connection, table: str, column: str) -> bool:
    return any(row[1] == column for row in database.execute(f"PRAGMA table_info({table})"))
