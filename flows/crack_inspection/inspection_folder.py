"""The folder of an inspection: what was found on each photo, kept so that an interrupted inspection goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from fieldwright.data.errors import QueryError
from fieldwright.data.folder_lock import folder_claimed
from fieldwright.data.whole_file import write_whole_file

RECORDS, OVERLAYS, MASKS, GROWTH = "records", "overlays", "masks", "growth"
PAGE = "protocol.html"
PICTURES = {
    "small": (RECORDS, ".jpg"),
    "overlay": (OVERLAYS, ".jpg"),
    "mask": (MASKS, ".png"),
    "grown": (GROWTH, ".jpg"),
}
"""Folder and suffix of each picture of a photo; small: the overlay for the page."""


class InspectionFolder:
    """`records/`, a JSON file for each photo, `overlays/`, `masks/`, `growth/`, the tables and the page.

    A photo's files have its name with another suffix. The record is written last: with it, the pictures are whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Makes the folder and refuses it where another inspection is under way, or where it holds other things.

        Raises QueryError.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / RECORDS).is_dir() and any(self.folder.iterdir()):
            raise QueryError(
                "The folder of an inspection must be empty, or that of an earlier one",
                f"other files in '{self.folder}'",
                "Name another one by --out",
            )
        with folder_claimed(self.folder) as claimed:
            if not claimed:
                raise QueryError(
                    "One inspection at a time must write to a folder",
                    f"another one under way in '{self.folder}'",
                    "Wait until it has ended, or name another folder by --out",
                )
            (self.folder / RECORDS).mkdir(exist_ok=True)
            yield

    def record(self, name: str, key: str) -> dict[str, Any] | None:
        """What was found on the photo; None where nothing was, or by another key."""
        try:
            record = orjson.loads(self._place(name, RECORDS, ".json").read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None
        return record if isinstance(record, dict) and record.get("key") == key else None

    def keep(self, name: str, record: dict[str, Any], pictures: dict[str, bytes]) -> None:
        """Writes the pictures by PICTURES, and then the record."""
        for picture, content in pictures.items():
            write_whole_file(self.picture(name, picture), content)
        write_whole_file(
            self._place(name, RECORDS, ".json"), orjson.dumps(record, option=orjson.OPT_INDENT_2)
        )

    def picture(self, name: str, picture: str) -> Path:
        """Where a picture of a photo lies."""
        return self._place(name, *PICTURES[picture])

    def forget_others(self, names: Iterable[str]) -> None:
        """Removes what an earlier inspection has found on photos that are not among these."""
        present = {self._place(name, RECORDS, ".json") for name in names}
        root = self.folder / RECORDS
        for path in [path for path in root.rglob("*.json") if path not in present]:
            path.unlink()
            name = path.relative_to(root).as_posix()
            for picture in PICTURES:
                self.picture(name, picture).unlink(missing_ok=True)

    def write(self, name: str, content: bytes | Iterable[str]) -> Path:
        """Writes a table or the page, the latter piece by piece."""
        path = self.folder / name
        write_whole_file(path, content)
        return path

    def _place(self, name: str, folder: str, suffix: str) -> Path:
        return (self.folder / folder / name).with_suffix(suffix)
