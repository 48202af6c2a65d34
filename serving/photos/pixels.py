"""From the files of a request to pixels, no more of them than the endpoint can hold and answer in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fieldwright.data.errors import PhotoError, QueryError
from fieldwright.data.photos.photo import photo_size, read_photo
from fieldwright.serving.photos.intake import SentPhoto
from fieldwright.serving.photos.limits import MAX_OPERATIONS, MAX_PIXELS


def sizes(photos: Sequence[SentPhoto]) -> list[tuple[int, int]]:
    """Height and width of each photo by its header, no pixel unpacked.

    Raises PhotoError, which names the file, and QueryError for too many pixels.
    """
    shapes = [_named(photo, photo_size, max_pixels=MAX_PIXELS) for photo in photos]
    if sum(height * width for height, width in shapes) > MAX_PIXELS:
        raise QueryError(
            f"The photos of one request may have {MAX_PIXELS / 1e6:g} million pixels together",
            "more",
            "Send them in several requests",
        )
    return shapes


def pixels_of(photos: Sequence[SentPhoto], bits: int | None) -> list[np.ndarray]:
    """Each photo as (h, w, 3) uint8, bits of it used of 16; raises PhotoError, which names the file."""
    return [_named(photo, read_photo, max_pixels=MAX_PIXELS, bits=bits) for photo in photos]


def refuse_costly(operations: float, photos: int, device: str) -> None:
    """Raises QueryError where so many photos would hold the worker for too long."""
    most = MAX_OPERATIONS["cuda" if device.startswith("cuda") else "cpu"]
    if operations > most:
        raise QueryError(
            f"One request may take {most / 1e12:g} million million operations",
            f"{photos} photo{'s' if photos > 1 else ''} for {operations / 1e12:.3g} million million",
            "Send fewer or smaller photos at a time",
        )


def _named(photo: SentPhoto, read: Callable[..., Any], **how: Any) -> Any:
    """What is read of a photo; an error names its file."""
    try:
        return read(photo.content, **how)
    except PhotoError as error:
        raise PhotoError(error.reason, error.must, f"{error.got} in '{photo.name}'", error.do) from error
