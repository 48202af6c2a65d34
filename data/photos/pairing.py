"""Photos and masks in folders, brought together by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from fieldwright.data.photos.collections import Entry
from fieldwright.data.photos.image_file import NOT_READ, SUFFIXES


def photo_files(folder: Path, suffixes: frozenset[str] = SUFFIXES | NOT_READ) -> list[Path]:
    """The files of these suffixes in a folder, by name; what begins with a dot is left out.

    Without suffixes: pictures, those in formats that are not read too, so that each is rejected by name.
    """
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )


def group_of(stem: str, pattern: str | None) -> str:
    """The large photo that a tile's name refers to: the first group of the pattern, or the name itself."""
    match = re.fullmatch(pattern, stem) if pattern else None
    return match[1] if match else stem


def paired(
    photos: list[Path],
    masks: list[Path],
    *,
    prefix: str = "",
    pattern: str | None = None,
    part: str | None = None,
) -> Iterator[Entry]:
    """One entry for each stem among photos and masks; a mask may add "_mask" to the stem of its photo.

    prefix: of the names, which distinguishes the folders of a collection. pattern: as `group_of` has it.
    """
    by_stem = {path.stem: path for path in masks}
    for path in photos:
        mask = by_stem.pop(path.stem, None) or by_stem.pop(f"{path.stem}_mask", None)
        yield Entry(f"{prefix}{path.name}", path, mask, group=group_of(path.stem, pattern), part=part)
    for stem, path in by_stem.items():
        yield Entry(f"{prefix}{path.name}", None, path, group=group_of(stem, pattern), part=part)
