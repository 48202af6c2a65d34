"""Empty databases of one schema, kept for this user: to make one through all migrations takes seconds."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path


def cached_database(name: str) -> Path:
    """Where the empty database of this name lies; the name says which library and schema it is of."""
    folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "fieldwright" / f"{name}.db"


def copy_from_cache(name: str, path: Path, fits: Callable[[Path], bool]) -> bool:
    """Whether the empty database was there, whole; it is then at `path` too, where none may be.

    fits: whether a copy of it is of the schema that is wanted, and empty.
    """
    try:
        _copy(cached_database(name), path)
        with contextlib.closing(sqlite3.connect(path)) as database:
            faults = database.execute("PRAGMA integrity_check").fetchall()
        if faults == [("ok",)] and fits(path):
            return True
    except (OSError, RuntimeError, sqlite3.DatabaseError):
        pass
    path.unlink(missing_ok=True)
    return False


def copy_to_cache(name: str, path: Path, fits: Callable[[Path], bool]) -> None:
    """Leaves an empty database for the next time; where that cannot be, nothing is lost."""
    with contextlib.suppress(OSError, RuntimeError, sqlite3.DatabaseError):
        place = cached_database(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.{os.getpid()}")
        _copy(path, part)
        if fits(part):
            os.replace(part, place)
        part.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """The database with what its journal holds; the source stays as it is."""
    if not source.exists():
        raise FileNotFoundError(source)
    with (
        contextlib.closing(sqlite3.connect(source)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)
