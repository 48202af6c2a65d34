"""What is known of the photos of a study: one SQLite file, which can be built again from the photos."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fieldwright.data.disk import disk_of
from fieldwright.data.photos.fingerprint import SIDE
from fieldwright.data.photos.look import Look
from fieldwright.data.store.catalogue import SourceFile, connection_to

_SCHEMA = """
CREATE TABLE IF NOT EXISTS looks (name TEXT PRIMARY KEY, settings TEXT, look TEXT, small BLOB);
CREATE TABLE IF NOT EXISTS aside (name TEXT PRIMARY KEY, reason TEXT, sentence TEXT);
"""
_REBUILT = "it is built again from the photos"


class PhotoCatalogue:
    """Looks at photos by name, and the photos rejected; safe for many processes, one transaction per call.

    path: of the SQLite file; its folder is made. Raises StoreError where it cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with disk_of(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        with connection_to(self.path, _REBUILT) as connection:
            connection.executescript(_SCHEMA)

    def looks(self, settings: str) -> dict[str, Look]:
        """What was seen under these settings, by name."""
        with connection_to(self.path, _REBUILT) as connection:
            rows = connection.execute(
                "SELECT look, small FROM looks WHERE settings = ?", (settings,)
            ).fetchall()
        return {look.name: look for look in (_look(*row) for row in rows)}

    def save(self, looks: Iterable[Look], settings: str) -> None:
        """Takes looks in, in place of older ones of the same names."""
        rows = [(look.name, settings, _text(look), _bytes(look.small)) for look in looks]
        with connection_to(self.path, _REBUILT) as connection:
            connection.executemany("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?)", rows)

    def settle(self, names: Iterable[str], rejected: Iterable[tuple[str, str, str]]) -> None:
        """Forgets photos of other names than these; keeps (name, reason, sentence) of those rejected."""
        current = set(names)
        with connection_to(self.path, _REBUILT) as connection:
            stored = [name for (name,) in connection.execute("SELECT name FROM looks")]
            connection.executemany(
                "DELETE FROM looks WHERE name = ?", [(n,) for n in stored if n not in current]
            )
            connection.execute("DELETE FROM aside")
            connection.executemany("INSERT OR REPLACE INTO aside VALUES (?, ?, ?)", list(rejected))

    def count(self) -> int:
        """Photos seen, those rejected among them."""
        with connection_to(self.path, _REBUILT) as connection:
            return connection.execute("SELECT COUNT(*) FROM looks").fetchone()[0]

    def rejected(self) -> tuple[tuple[str, str, str], ...]:
        """Name, reason and sentence of the photos rejected, by name."""
        with connection_to(self.path, _REBUILT) as connection:
            rows = connection.execute("SELECT name, reason, sentence FROM aside ORDER BY name").fetchall()
        return tuple((name, reason, sentence) for name, reason, sentence in rows)


def _text(look: Look) -> str:
    return json.dumps({name: value for name, value in asdict(look).items() if name != "small"})


def _bytes(small: np.ndarray | None) -> bytes | None:
    return None if small is None else small.tobytes()


def _look(text: str, small: bytes | None) -> Look:
    row = json.loads(text)
    row["files"] = tuple(SourceFile(**file) for file in row["files"])
    row["shape"] = tuple(row["shape"])
    grey = None if small is None else np.frombuffer(small, dtype=np.uint8).reshape(SIDE, SIDE)
    return Look(**row, small=grey)
