"""What a photo must be to be asked about."""

from __future__ import annotations

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.photos.photo import LEAST_SIDE


def checked_photo(photo: np.ndarray, name: str = "A photo") -> np.ndarray:
    """The photo, (h, w, 3) uint8 and both sides of at least 32 pixels; raises QueryError for any other."""
    photo = np.asarray(photo)
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or min(photo.shape[:2]) < LEAST_SIDE:
        raise QueryError(
            f"{name} must be an array (h, w, 3) of uint8, h and w at least {LEAST_SIDE}",
            f"({', '.join(map(str, photo.shape))}) of {photo.dtype}",
            "Read it by fieldwright.data.photos, which gives this form, and give a larger crop",
        )
    return photo
