"""The folder where the supervisor puts registered models for the workers to load, newest first."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import orjson

from fieldwright.data.environment import home

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
    """`$FIELDWRIGHT_HOME/served/<model>/`: one folder per version, and `champion.json` that points to them.

    Both are written beside and moved into place in one step, so a reader never sees half of either.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pointer = folder / POINTER

    @classmethod
    def of(cls, model: str) -> Shelf:
        """The shelf of a registered model, whatever characters its name has."""
        name = quote(model, safe=" ")
        return cls(home() / "served" / (f"%2E{name[1:]}" if name.startswith(".") else name))

    def versions(self) -> list[Shelved]:
        """The champion first, then those it replaced, for a worker that cannot load the champion."""
        # A pointer that cannot be read counts as none; the supervisor then writes it anew.
        try:
            return [Shelved(**entry) for entry in orjson.loads(self.pointer.read_bytes())]
        except (FileNotFoundError, ValueError, TypeError):
            return []

    def path(self, shelved: Shelved) -> Path:
        return self.folder / shelved.folder

    def put(self, shelved: Shelved, download: Callable[[Path], Path]) -> None:
        """Brings the version onto the shelf, unless it is there.

        download: fetches into the given empty folder and returns the folder beneath that is to be kept.
        """
        if self.path(shelved).exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self.folder) as incoming:
            os.replace(download(Path(incoming)), self.path(shelved))

    def point_to(self, champion: Shelved) -> None:
        """Makes the version the champion and clears away what has become too old to fall back on."""
        older = [entry for entry in self.versions() if entry.folder != champion.folder]
        kept = [champion, *(entry for entry in older if self.path(entry).exists())][:KEPT]
        beside = self.folder / f".{POINTER}.{os.getpid()}"
        beside.write_bytes(orjson.dumps([asdict(entry) for entry in kept]))
        os.replace(beside, self.pointer)
        names = {entry.folder for entry in kept}
        for folder in self.folder.iterdir():
            if folder.is_dir() and folder.name not in names and not folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)
