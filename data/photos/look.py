"""The result of a look at a photo and its label; stored, so that an unchanged photo is not read again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.disk import fault
from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.collections import Entry, PhotoLayout
from fieldwright.data.photos.fingerprint import small_grey
from fieldwright.data.photos.reading import PhotoReading
from fieldwright.data.store.catalogue import SourceFile


@dataclass(frozen=True, eq=False)
class Look:
    """A photo of a collection as it was seen.

    files: photo and mask with size, time and SHA-256. crack: its class, None where it was refused.
    small: (64, 64) uint8, see `fieldwright.data.photos.fingerprint`. reason, sentence: why it cannot be used, if so.
    """

    name: str
    files: tuple[SourceFile, ...]
    shape: tuple[int, int] = (0, 0)
    crack: bool | None = None
    small: np.ndarray | None = None
    reason: str | None = None
    sentence: str | None = None


def look_at(entry: Entry, layout: PhotoLayout, reading: PhotoReading) -> Look:
    """Reads a photo and its mask whole and checks the one against the other; never raises for what is in them."""
    files = files_of(entry)
    try:
        if entry.photo is None:
            raise PhotoError(
                "no photo",
                "A mask must have its photo",
                f"'{entry.name}' alone",
                "Add the photo, or delete the mask",
            )
        if layout.masks and entry.mask is None:
            raise PhotoError(
                "no mask",
                "A photo must have its mask",
                f"'{entry.name}' alone",
                "Add one, all black if uncracked",
            )
        files = tuple(_hashed(file) for file in files)
        pixels = reading.pixels(entry.photo)
        shape = (pixels.shape[0], pixels.shape[1])
        crack = entry.crack
        if entry.mask is not None:
            outline = reading.outline(entry.photo, entry.mask, layout.read_mask)
            crack = bool(outline.any())
        return Look(entry.name, files, shape, crack, small_grey(pixels))
    except PhotoError as why:
        return Look(entry.name, files, reason=why.reason, sentence=str(why))
    except OSError as error:
        must, do = fault(error, f"'{entry.name}'") or (f"'{entry.name}' must be readable", "Look at it")
        sentence = str(PhotoError("unreadable", must, str(error), do))
        return Look(entry.name, files, reason="unreadable", sentence=sentence)


def files_of(entry: Entry) -> tuple[SourceFile, ...]:
    """Photo and mask as they are on disk now, not read; of size 0 where there is a name alone."""
    files = []
    for path in (entry.photo, entry.mask):
        if path is not None:
            try:
                status = path.stat()
                files.append(SourceFile(str(path), status.st_size, status.st_mtime_ns))
            except OSError:
                files.append(SourceFile(str(path), 0, 0))
    return tuple(files)


def _hashed(file: SourceFile) -> SourceFile:
    with Path(file.path).open("rb") as stream:
        return SourceFile(
            file.path, file.size, file.mtime_ns, hashlib.file_digest(stream, "sha256").hexdigest()
        )
