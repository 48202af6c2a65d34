"""How the photos and masks of a collection are read where the files leave it open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.image_file import MAX_PIXELS, SUFFIXES, open_image
from fieldwright.data.photos.orientation import Turning, orientation_of, turned_as_photo
from fieldwright.data.photos.outline import Value
from fieldwright.data.photos.photo import photo_size, read_photo

MaskReader = Callable[[Path, tuple[Value, ...]], np.ndarray]


@dataclass(frozen=True)
class PhotoReading:
    """bits: of photos with more than eight a channel. crack_values: of masks with several classes.

    mask_orientation: how a mask is turned whose EXIF orientation is another than its photo's, see `turned_as_photo`.
    max_pixels: larger photos are rejected.
    """

    bits: int | None = None
    crack_values: tuple[Value, ...] = ()
    mask_orientation: Turning | None = None
    max_pixels: int = MAX_PIXELS

    def pixels(self, photo: Path) -> np.ndarray:
        """(h, w, 3) uint8 RGB, upright; raises PhotoError."""
        return read_photo(photo, max_pixels=self.max_pixels, bits=self.bits)

    def outline(self, photo: Path, mask: Path, read_mask: MaskReader) -> np.ndarray:
        """(h, w) bool, True where there is crack, upon the upright photo; raises PhotoError.

        The headers of both are compared before the mask is unpacked.
        """
        name = f"the mask '{mask.name}'"
        shape = photo_size(photo, max_pixels=self.max_pixels)
        with open_image(photo, f"'{photo.name}'", self.max_pixels) as image:
            turn = orientation_of(image)
        mask_turn = 1
        if mask.suffix.lower() in SUFFIXES:
            with open_image(mask, name, self.max_pixels) as image:
                mask_turn = orientation_of(image)
                if {image.width, image.height} != set(shape):
                    raise PhotoError(
                        "size mismatch",
                        f"{name} must be of the size of its photo",
                        f"{image.width} x {image.height} pixels for a photo of {shape[1]} x {shape[0]} pixels",
                        "Export the mask at the size of the photo, upright as the camera's orientation says",
                    )
        return turned_as_photo(
            read_mask(mask, self.crack_values), mask_turn, turn, shape, self.mask_orientation, name
        )


PLAIN = PhotoReading()
"""For files that leave nothing open."""
