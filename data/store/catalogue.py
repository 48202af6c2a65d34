"""The catalogue of a run store: one SQLite file, which can be built again from the groups beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

from fieldwright.data.errors import StoreError


@dataclass(frozen=True)
class SourceFile:
    """A file that a run came from, as it was when read; `sha256` is empty where no value came from it."""

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""


@dataclass(frozen=True)
class StoredField:
    """A field as it stands in a group: on "point", "cell" or "run", component names, unit, numpy's type name.

    steady: whether it has one value for all times of a transient run.
    """

    on: Literal["point", "cell", "run"]
    components: tuple[str, ...]
    unit: str | None
    dtype: str
    steady: bool = False

    @property
    def in_time(self) -> bool:
        """Whether it has a value for each time of a transient run."""
        return not self.steady and self.on != "run"


@dataclass(frozen=True)
class RunRecord:
    """What the catalogue knows of one run.

    content: hash that names the run's group: of fields, times, mesh and parameters; None for a rejected run.
    results: hash of the fields alone, which finds one result filed under two sets of parameters.
    mesh: hash of its mesh. times: as the solver wrote them, () for a steady run.
    reason, sentence: short code and full sentence for a run that was rejected or withdrawn.
    settings: hash of the ingestion's settings for this run; where it changes, the run is read again.
    stored_at: ISO 8601, UTC.
    """

    name: str
    state: Literal["accepted", "rejected", "withdrawn"]
    parameters: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str | None] = field(default_factory=dict)
    content: str | None = None
    results: str | None = None
    mesh: str | None = None
    times: tuple[float, ...] = ()
    fields: Mapping[str, StoredField] = field(default_factory=dict)
    reason: str | None = None
    sentence: str | None = None
    reader: str = ""
    reader_version: str = ""
    sources: tuple[SourceFile, ...] = ()
    notes: tuple[str, ...] = ()
    settings: str = ""
    stored_at: str = ""


_JSON = ("parameters", "units", "times", "fields", "sources", "notes")
_COLUMNS = tuple(f.name for f in fields(RunRecord))
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS runs ({" TEXT, ".join(_COLUMNS)} TEXT, PRIMARY KEY (name, state));
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
"""


class Catalogue:
    """Runs by name, accepted and rejected; safe for many processes, one short transaction per call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    def save(self, record: RunRecord) -> None:
        """Takes the record in, in place of an older one of the same name and state.

        An accepted run ends its rejection; a rejection leaves the version accepted before in its place.
        """
        row = record_to_json(record)
        values = [json.dumps(row[c]) if c in _JSON else row[c] for c in _COLUMNS]
        with self._connection() as connection:
            marks = ", ".join("?" * len(_COLUMNS))
            if record.state == "accepted":
                connection.execute("DELETE FROM runs WHERE name = ?", (record.name,))
            connection.execute(f"INSERT OR REPLACE INTO runs VALUES ({marks})", values)

    def records(self, state: str | None = None) -> list[RunRecord]:
        """All records, or those of one state, by name."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT * FROM runs WHERE ?1 IS NULL OR state = ?1 ORDER BY name",
                (state,),
            ).fetchall()
        return [_from_row(row) for row in rows]

    def get(self, name: str, state: str) -> RunRecord | None:
        """The record of one run in that state, if there is one."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT * FROM runs WHERE name = ? AND state = ?", (name, state)
            ).fetchone()
        return _from_row(row) if row else None

    def drop(self, name: str, state: str) -> None:
        """Forgets a run in that state."""
        with self._connection() as connection:
            connection.execute("DELETE FROM runs WHERE name = ? AND state = ?", (name, state))

    def fact(self, name: str) -> str | None:
        """A fact of the whole store, such as "reference mesh"."""
        with self._connection() as connection:
            row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_fact(self, name: str, value: str, once: bool = False) -> None:
        """Sets a fact; with `once` a value that is there already stays."""
        with self._connection() as connection:
            how = "IGNORE" if once else "REPLACE"
            connection.execute(f"INSERT OR {how} INTO facts VALUES (?, ?)", (name, value))

    def forget_fact(self, name: str) -> None:
        """Forgets a fact, so that it can be set anew."""
        with self._connection() as connection:
            connection.execute("DELETE FROM facts WHERE name = ?", (name,))

    def _connection(self) -> AbstractContextManager[sqlite3.Connection]:
        return connection_to(self.path, "it is built again from the runs")


@contextmanager
def connection_to(path: Path, rebuilt: str) -> Iterator[sqlite3.Connection]:
    """A transaction on a catalogue; `rebuilt` says how a deleted one comes back. Raises StoreError."""
    try:
        # A minute: other writers hold the lock for milliseconds, unless the disk is very slow.
        with closing(sqlite3.connect(path, timeout=60)) as connection, connection:
            yield connection
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        must, do = _FAULTS.get(code, ("must be readable and writable", "Look at its disk"))
        raise StoreError(
            f"The catalogue '{path}' {must}",
            str(error),
            f"{do}: {rebuilt}" if code in _DAMAGE else do,
        ) from error


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_FAULTS = {
    sqlite3.SQLITE_FULL: ("must have room on its disk", "Make room"),
    sqlite3.SQLITE_READONLY: ("must be writable", "Correct its permissions and those of its folder"),
    sqlite3.SQLITE_PERM: ("must be writable", "Correct its permissions and those of its folder"),
    sqlite3.SQLITE_CANTOPEN: (
        "must be there and writable",
        "Correct its permissions and those of its folder",
    ),
    sqlite3.SQLITE_BUSY: ("must be free within a minute", "End the other process that writes it"),
    sqlite3.SQLITE_LOCKED: ("must be free within a minute", "End the other process that writes it"),
    sqlite3.SQLITE_IOERR: ("must be on a disk that works", "Look at the disk and at the system's log"),
    sqlite3.SQLITE_NOMEM: ("must find memory", "Free some of it"),
} | dict.fromkeys(_DAMAGE, ("must be as it was written", "Delete it"))
"""What must hold of a catalogue, and what to do, by SQLite's primary result code."""


def record_to_json(record: RunRecord) -> dict:
    """The record as JSON's types; `record_of` is the way back."""
    return asdict(record)


def record_of(row: Mapping) -> RunRecord:
    """The record of what `record_to_json` gave."""
    row = dict(row)
    row["times"], row["notes"] = tuple(row["times"]), tuple(row["notes"])
    row["sources"] = tuple(SourceFile(**source) for source in row["sources"])
    row["fields"] = {
        name: StoredField(
            info["on"], tuple(info["components"]), info["unit"], info["dtype"], info.get("steady", False)
        )
        for name, info in row["fields"].items()
    }
    return RunRecord(**row)


def _from_row(values: tuple) -> RunRecord:
    row = dict(zip(_COLUMNS, values, strict=True))
    return record_of({c: json.loads(v) if c in _JSON else v for c, v in row.items()})
