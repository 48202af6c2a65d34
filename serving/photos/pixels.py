"""From the files of a request to pixels, no more of them than the endpoint can hold and answer in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fieldwright.data.errors import PhotoError, QueryError
from fieldwright.data.photos.photo import photo_size, read_photo
from fieldwright.serving.photos.intake import SentPhoto, SentPhotos
from fieldwright.serving.photos.limits import MAX_OPERATIONS, MAX_PIXELS
from fieldwright.serving.photos.options import number


def sizes(sent: SentPhotos) -> list[tuple[int, int]]:
    """Height and width of each photo by its header, no pixel unpacked.

    Raises PhotoError, which names the file, and QueryError for too many pixels.
    """
    found = [_named(photo, photo_size, max_pixels=MAX_PIXELS) for photo in sent.photos]
    if sum(height * width for height, width in found) > MAX_PIXELS:
        raise QueryError(
            f"The photos of one request may have {MAX_PIXELS / 1e6:g} million pixels together",
            "more",
            "Send them in several requests",
        )
    return found


def decoded(sent: SentPhotos) -> list[np.ndarray]:
    """Each photo as (h, w, 3) uint8; raises PhotoError, which names the file, and QueryError for its options."""
    bits = number(sent.options, "bits", 8, 16, open_ended=False)
    given = None if bits is None else int(bits)
    return [_named(photo, read_photo, max_pixels=MAX_PIXELS, bits=given) for photo in sent.photos]


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
