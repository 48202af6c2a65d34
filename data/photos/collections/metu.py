"""METU concrete crack images (Özgenel 2018): patches of 227 x 227 pixels in two folders by class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fieldwright.data.photos.collections import Entry, register
from fieldwright.data.photos.outline import stored_outline
from fieldwright.data.photos.pairing import group_of, photo_files

FOLDERS = {"Negative": False, "Positive": True}
TILE = r"(.+)_\d+"
"""12522_1.jpg is of photo 12522."""


class Metu:
    """`Positive/` and `Negative/`, one photo per file; the way to lay out any photos that have a class."""

    name = "metu"
    version = "2"
    looks = "Positive/ and Negative/"
    masks = False
    read_mask = staticmethod(stored_outline)

    def accepts(self, folder: Path) -> bool:
        """By both folders."""
        return all((folder / name).is_dir() for name in FOLDERS)

    def entries(self, folder: Path) -> Iterator[Entry]:
        """A number stands for one photo in each folder, but not the same in both."""
        for name, crack in FOLDERS.items():
            for path in photo_files(folder / name):
                group = f"{name}/{group_of(path.stem, TILE)}"
                yield Entry(f"{name}/{path.name}", path, crack=crack, group=group)


register(Metu())
