"""CRACK500 (Zhang, Yang, Zhang & Zhu 2016; Yang et al. 2019): crops of pavement, photo and mask side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fieldwright.data.photos.collections import Entry, register
from fieldwright.data.photos.outline import stored_outline
from fieldwright.data.photos.pairing import paired, photo_files

PARTS = {"traincrop": "train", "valcrop": "validation", "testcrop": "test"}
TILE = r"(\d{8}_\d{6})_\d+_\d+"
"""20160222_081011_1_361.jpg is the crop at (1, 361) of the photo taken at that time."""


class Crack500:
    """`traincrop/`, `valcrop/`, `testcrop/`, each with `.jpg` photos and `.png` masks of the same stem."""

    name = "crack500"
    version = "2"
    looks = "traincrop/, valcrop/ or testcrop/ with .jpg and .png of the same stem"
    masks = True
    read_mask = staticmethod(stored_outline)

    def accepts(self, folder: Path) -> bool:
        """By one of the folders."""
        return any((folder / name).is_dir() for name in PARTS)

    def entries(self, folder: Path) -> Iterator[Entry]:
        """Crops of one photo are of one group, in whichever folder they are."""
        for name, part in PARTS.items():
            if (folder / name).is_dir():
                photos = photo_files(folder / name, frozenset((".jpg", ".jpeg")))
                masks = photo_files(folder / name, frozenset((".png",)))
                yield from paired(photos, masks, prefix=f"{name}/", pattern=TILE, part=part)


register(Crack500())
