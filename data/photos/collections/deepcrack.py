"""DeepCrack (Liu, Yao, Lu, Xie & Li 2019): photos of 544 x 384 pixels with masks, divided into train and test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fieldwright.data.photos.collections import Entry, register
from fieldwright.data.photos.outline import stored_outline
from fieldwright.data.photos.pairing import paired, photo_files

PARTS = ("train", "test")
TILE = r"(.+)-\d+"
"""11116-2.jpg shows the same place as 11116.jpg."""


class DeepCrack:
    """`train_img/` with `train_lab/`, and `test_img/` with `test_lab/`; masks have the stem of their photo."""

    name = "deepcrack"
    version = "2"
    looks = "train_img/ and train_lab/, or test_img/ and test_lab/"
    masks = True
    read_mask = staticmethod(stored_outline)

    def accepts(self, folder: Path) -> bool:
        """By both folders of one part at least."""
        return any(all(path.is_dir() for path in self._folders(folder, part)) for part in PARTS)

    def entries(self, folder: Path) -> Iterator[Entry]:
        """Both parts, where there are both."""
        for part in PARTS:
            photos, masks = self._folders(folder, part)
            if photos.is_dir() and masks.is_dir():
                files = photo_files(photos), photo_files(masks)
                yield from paired(*files, prefix=f"{photos.name}/", pattern=TILE, part=part)

    def _folders(self, folder: Path, part: str) -> tuple[Path, Path]:
        return folder / f"{part}_img", folder / f"{part}_lab"


register(DeepCrack())
