"""The photos of a folder by name, and which of them belong together."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from fieldwright.data.errors import QueryError
from fieldwright.data.photos.pairing import photo_files


def photos_in(folder: Path, leave: Sequence[Path] = ()) -> dict[str, Path]:
    """Name to file of all photos in a folder and the folders within it, in their order; raises QueryError.

    leave: folders within it that are not looked into, such as that of the protocol.
    """
    if not folder.is_dir():
        raise QueryError(
            "The photos to inspect must lie in a folder", f"'{folder}', which is none", "Correct it"
        )
    passed = {path.resolve() for path in leave}
    photos: dict[str, Path] = {}
    for place, folders, _ in os.walk(folder):
        folders[:] = sorted(
            one for one in folders if not one.startswith(".") and Path(place, one).resolve() not in passed
        )
        for path in photo_files(Path(place)):
            photos[path.relative_to(folder).as_posix()] = path
    if not photos:
        raise QueryError("A folder to inspect must hold photos", f"none in '{folder}'", "Correct it")
    return photos


def stem_of(name: str) -> str:
    """The name of a photo without its suffix, by which its files and the earlier photo are found."""
    return PurePosixPath(name).with_suffix("").as_posix()


def by_stem(photos: Mapping[str, Path]) -> dict[str, Path]:
    """Files by the name without suffix, the first of those that share one."""
    return {stem_of(name): photos[name] for name in reversed(list(photos))}
