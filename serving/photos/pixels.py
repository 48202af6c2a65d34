"""From the files of a request to pixels, no more of them than the endpoint can hold and answer in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fieldwright.data.errors import PhotoError, QueryError
from fieldwright.data.photos.image_file import open_image
from fieldwright.data.photos.orientation import orientation_of, turned
from fieldwright.data.photos.outline import read_outline
from fieldwright.data.photos.photo import photo_size, read_photo
from fieldwright.serving.photos.intake import SentForm, SentPhoto
from fieldwright.serving.photos.limits import MAX_OPERATIONS, MAX_PIXELS

MAPS = ("probability", "std")
"""What is known of a mask, as grey pictures."""


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


def pixels_of(photo: SentPhoto, bits: int | None) -> np.ndarray:
    """The photo as (h, w, 3) uint8, bits of it used of 16; raises PhotoError, which names the file."""
    return _named(photo, read_photo, max_pixels=MAX_PIXELS, bits=bits)


def one_by_one(photos: Sequence[SentPhoto], bits: int | None) -> Iterator[tuple[SentPhoto, np.ndarray]]:
    """Each photo with its pixels, one in memory at a time; raises PhotoError before the first if one is damaged."""
    for photo in photos[1:]:
        pixels_of(photo, bits)
    for photo in photos:
        yield photo, pixels_of(photo, bits)


def mask_of(mask: SentPhoto) -> np.ndarray:
    """The mask as (h, w) bool, True where there is crack; raises PhotoError, which names the file."""
    return _named(mask, read_outline, max_pixels=MAX_PIXELS)


def map_of(picture: SentPhoto, shape: tuple[int, int]) -> np.ndarray:
    """Shares (h, w) float32 that a grey picture of 8 bits shows, 255 for 1; raises QueryError and PhotoError."""

    def read(content: bytes) -> np.ndarray:
        with open_image(content, "The picture", MAX_PIXELS, flat=True) as image:
            if image.mode != "L":
                raise PhotoError(
                    "unreadable",
                    "A map must be a grey picture of 8 bits",
                    f"mode {image.mode}",
                    "Send it as POST /segment gives it",
                )
            return turned(np.asarray(image), orientation_of(image))

    values = _named(picture, read)
    refuse_other_size(picture, values.shape, shape)
    return values.astype(np.float32) / np.float32(255.0)


def maps_of(
    form: SentForm, shape: tuple[int, int], prefix: str = ""
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Probability and its standard deviation that came with a mask, None where they did not."""
    files = (form.file(f"{prefix}{name}") for name in MAPS)
    probability, std = (None if file is None else map_of(file, shape) for file in files)
    return probability, std


def refuse_maps_alone(form: SentForm, when: str) -> None:
    """Raises QueryError for the probability of a mask that did not come."""
    alone = [f"{when}_{name}" for name in MAPS if form.file(f"{when}_{name}") is not None]
    if alone:
        raise QueryError(
            f"'{alone[0]}' must come with '{when}_mask'", "it alone", "Send the mask too, or leave it out"
        )


def refuse_other_size(picture: SentPhoto, shape: tuple[int, ...], wanted_shape: tuple[int, ...]) -> None:
    """Raises QueryError where a mask or map is not of the size of what it belongs to."""
    if shape[:2] != wanted_shape[:2]:
        raise QueryError(
            f"'{picture.name}' must be of the size of what it belongs to, "
            f"{wanted_shape[1]} x {wanted_shape[0]} pixels",
            f"{shape[1]} x {shape[0]}",
            "Send the one of this photo",
        )


def refuse_costly(operations: float, photos: int, limits: Mapping[str, float], device: str) -> None:
    """Raises QueryError where so many photos would take too long; limits: by the kind of device."""
    most = limits["cuda" if device.startswith("cuda") else "cpu"]
    if operations > most:
        raise QueryError(
            f"One request may take {most / 1e12:g} million million operations",
            f"{photos} photo{'s' if photos > 1 else ''} for {operations / 1e12:.3g} million million",
            "Send fewer or smaller photos at a time" + (", or as a job" if limits is MAX_OPERATIONS else ""),
        )


def _named(photo: SentPhoto, read: Callable[..., Any], **how: Any) -> Any:
    """What is read of a photo; an error names its file."""
    try:
        return read(photo.content, **how)
    except PhotoError as error:
        raise PhotoError(error.reason, error.must, f"{error.got} in '{photo.name}'", error.do) from error
