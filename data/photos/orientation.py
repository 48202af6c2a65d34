"""How a camera was held: pictures turned upright, and masks turned as their photos are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image

from fieldwright.data.errors import PhotoError

Turning = Literal["own", "photo"]
EXIF_ORIENTATION = 0x0112
_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
    8: lambda a: np.rot90(a, 1),
}


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1, which is upright, where there is none."""
    orientation = image.getexif().get(EXIF_ORIENTATION, 1)
    return orientation if orientation in _TURNS else 1


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Stored pixels (h, w, ...) as they are to be looked at."""
    return _TURNS[orientation](pixels) if orientation in _TURNS else pixels


def turned_back(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels (h, w, ...) as one looks at them as they are stored under an orientation; undoes `turned`."""
    return turned(pixels, {6: 8, 8: 6}.get(orientation, orientation))


def turned_as_photo(
    stored: np.ndarray, mask: int, photo: int, shape: tuple[int, int], choice: Turning | None, name: str
) -> np.ndarray:
    """The stored pixels of a mask turned so that they lie upon the upright photo of this shape.

    mask, photo: their EXIF orientations. Where they differ, the mask may have been drawn over the upright
    photo or over its stored pixels. Its shape decides, else `choice`: "own" takes each as its own orientation says,
    "photo" turns the mask as the photo is turned. Raises PhotoError where neither decides.
    """
    possible = {None: (mask, photo, 1) if mask != photo else (mask,), "own": (mask,), "photo": (photo,)}[
        choice
    ]
    every = [turned(stored, turn) for turn in dict.fromkeys(possible)]
    fitting = [one for one in every if one.shape == shape]
    if not fitting:
        raise PhotoError(
            "size mismatch",
            f"{name} must be of the size of its photo",
            f"{_size(every[0].shape)} for a photo of {_size(shape)}",
            "Export the mask at the size of the photo, upright as the camera's orientation says",
        )
    if any(not np.array_equal(fitting[0], other) for other in fitting[1:]):
        raise PhotoError(
            "orientation unclear",
            f"{name} and its photo must have one EXIF orientation, or 'mask_orientation' must say how it is turned",
            f"{mask} for the mask and {photo} for the photo, and the size fits several ways",
            "Set it to 'photo' if masks were drawn over the stored pixels, to 'own' if over the upright photo",
        )
    return fitting[0]


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]} pixels"
