"""From the files of a request to pixels, no more of them than the endpoint can hold and answer in time."""

from __future__ import annotations

import numpy as np

from data.errors import PhotoError, QueryError
from data.photos.photo import read_photo
from serving.limits import MAX_SECONDS
from serving.photos.intake import SentPhotos
from serving.photos.limits import MAX_PIXELS


def decoded(sent: SentPhotos) -> list[np.ndarray]:
    """Each photo as (h, w, 3) uint8; raises PhotoError, which names the file, and QueryError for too many pixels."""
    pixels, left = [], MAX_PIXELS
    for photo in sent.photos:
        try:
            one = read_photo(photo.content, max_pixels=MAX_PIXELS)
        except PhotoError as error:
            raise PhotoError(error.reason, error.must, f"{error.got} in '{photo.name}'", error.do) from error
        left -= one.shape[0] * one.shape[1]
        if left < 0:
            raise QueryError(
                f"The photos of one request may have {MAX_PIXELS / 1e6:g} million pixels together",
                "more",
                "Send them in several requests",
            )
        pixels.append(one)
    return pixels


def refuse_slow(seconds: float, photos: int) -> None:
    """Raises QueryError where so many photos would hold the worker for too long."""
    if seconds > MAX_SECONDS:
        raise QueryError(
            f"One request may take some {MAX_SECONDS:g} s of computing",
            f"{photos} photo{'s' if photos > 1 else ''} for an estimated {seconds:.0f} s",
            "Send fewer or smaller photos at a time",
        )
