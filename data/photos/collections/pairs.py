"""A plain pair of folders: photos in one, masks of the same names in the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fieldwright.data.photos.collections import Entry, register
from fieldwright.data.photos.outline import stored_outline
from fieldwright.data.photos.pairing import paired, photo_files


@dataclass(frozen=True)
class PairedFolders:
    """Two folders side by side; a mask has the stem of its photo, or that and "_mask"."""

    photos: str = "photos"
    masks_folder: str = "masks"

    name = "pairs"
    version = "2"
    masks = True
    read_mask = staticmethod(stored_outline)

    @property
    def looks(self) -> str:
        """The names of both folders."""
        return f"{self.photos}/ and {self.masks_folder}/ with files of the same names"

    def accepts(self, folder: Path) -> bool:
        """By both folders."""
        return (folder / self.photos).is_dir() and (folder / self.masks_folder).is_dir()

    def entries(self, folder: Path) -> Iterator[Entry]:
        """By name."""
        yield from paired(photo_files(folder / self.photos), photo_files(folder / self.masks_folder))


register(PairedFolders())
