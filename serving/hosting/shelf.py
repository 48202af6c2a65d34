"""The folder where the supervisor puts registered models for the workers to load, newest first."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from fieldwright.data.environment import folder_name, home
from fieldwright.data.folder_lock import folder_locked
from fieldwright.data.whole_file import write_whole_file

POINTER = "champion.json"
KEPT = 3


@dataclass(frozen=True)
class Shelved:
    """One version of a registered model on the shelf.

    folder: the name of its folder on the shelf, which holds the surrogate's artifact; another for every
        model that was ever registered, so that equal versions of two registries are never confused.
    """

    model: str
    version: str
    folder: str


class Shelf:
    """`$FIELDWRIGHT_HOME/served/<model>/`: one folder per version, and a pointer that names the champion among them.

    Both are written beside and moved into place in one step, so a reader never sees half of either. Several endpoints
    may share the folder: they write one after the other, each tracking store has a pointer of its own, and what any
    pointer names is kept.
    """

    def __init__(self, folder: Path, pointer: str = POINTER) -> None:
        self.folder = folder
        self.pointer = folder / pointer

    @classmethod
    def of(cls, model: str, tracking_uri: str = "") -> Shelf:
        """The shelf of a registered model of a tracking store, whatever characters its name has."""
        folder = home() / "served" / folder_name(model)
        if not tracking_uri:
            return cls(folder)
        return cls(folder, f"champion-{hashlib.sha256(tracking_uri.encode()).hexdigest()[:8]}.json")

    def of_challenger(self) -> Shelf:
        """The same folder with the pointer to the challenger in place of the champion."""
        return Shelf(self.folder, self.pointer.name.replace("champion", "challenger", 1))

    def versions(self) -> list[Shelved]:
        """The champion first, then those it replaced, for a worker that cannot load the champion."""
        return _entries(self.pointer)

    def path(self, shelved: Shelved) -> Path:
        return self.folder / shelved.folder

    def mark(self, shelved: Shelved) -> str:
        """Another one whenever the version's folder has been put there anew."""
        try:
            status = self.path(shelved).stat()
        except OSError:
            return shelved.folder
        return f"{shelved.folder} {status.st_ino} {status.st_ctime_ns}"

    def put(self, shelved: Shelved, download: Callable[[Path], Path | None], again: bool = False) -> None:
        """Brings the version onto the shelf, unless it is there.

        download: fetches into the given empty folder and returns the folder beneath that is to be kept; None where
            nothing of it is.
        again: fetches it even where it is there, and puts it in the place of what is.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with folder_locked(self.folder):
            if self.path(shelved).exists() and not again:
                return
            with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self.folder) as incoming:
                fetched = download(Path(incoming))
                if fetched is None:
                    return
                if self.path(shelved).exists():
                    os.replace(self.path(shelved), Path(incoming) / ".replaced")
                os.replace(fetched, self.path(shelved))

    def point_to(self, champion: Shelved) -> None:
        """Makes the version the champion and clears away what has become too old to fall back on."""
        with folder_locked(self.folder):
            older = [entry for entry in self.versions() if entry.folder != champion.folder]
            entries = [champion, *(entry for entry in older if self.path(entry).exists())][:KEPT]
            write_whole_file(self.pointer, orjson.dumps([asdict(entry) for entry in entries]))
            names = {entry.folder for pointer in self.folder.glob("*.json") for entry in _entries(pointer)}
            for folder in self.folder.iterdir():
                if folder.is_dir() and folder.name not in names and not folder.name.startswith("."):
                    shutil.rmtree(folder, ignore_errors=True)


def _entries(pointer: Path) -> list[Shelved]:
    # A pointer that cannot be read counts as none; the supervisor then writes it anew.
    try:
        return [Shelved(**entry) for entry in orjson.loads(pointer.read_bytes())]
    except (FileNotFoundError, ValueError, TypeError):
        return []
