"""SDNET2018 (Dorafshan, Thomas & Maguire 2018): tiles of decks, pavements and walls, cracked or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fieldwright.data.photos.collections import Entry, register
from fieldwright.data.photos.outline import stored_outline
from fieldwright.data.photos.pairing import group_of, photo_files

SURFACES = ("D", "P", "W")
TILE = r"(.+)-\d+"
"""7001-12.jpg is tile 12 of photo 7001."""


class Sdnet2018:
    """`D/`, `P/`, `W/`, in each `C?/` with cracked and `U?/` with uncracked tiles."""

    name = "sdnet2018"
    version = "2"
    looks = "D/CD and D/UD, or the same of P/ and W/"
    masks = False
    read_mask = staticmethod(stored_outline)

    def accepts(self, folder: Path) -> bool:
        """By both folders of one surface at least."""
        return any(all(path.is_dir() for path in self._folders(folder, surface)) for surface in SURFACES)

    def entries(self, folder: Path) -> Iterator[Entry]:
        """Cracked and uncracked tiles of one photo are of one group."""
        for surface in SURFACES:
            for path, crack in zip(self._folders(folder, surface), (True, False), strict=True):
                for tile in photo_files(path) if path.is_dir() else ():
                    group = f"{surface}/{group_of(tile.stem, TILE)}"
                    yield Entry(f"{surface}/{path.name}/{tile.name}", tile, crack=crack, group=group)

    def _folders(self, folder: Path, surface: str) -> tuple[Path, Path]:
        return folder / surface / f"C{surface}", folder / surface / f"U{surface}"


register(Sdnet2018())
