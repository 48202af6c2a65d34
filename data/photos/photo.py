"""One photo: from a file or from bytes to pixels, and back to PNG."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.image_file import MAX_PIXELS, open_image
from fieldwright.data.photos.orientation import orientation_of, turned
from fieldwright.data.photos.sample_depth import eight_bits, is_deep

LEAST_SIDE = 32
"""Pixels of the shorter side of a photo, below which no crack differs from a joint or a stain."""


def read_photo(source: Path | bytes, *, max_pixels: int = MAX_PIXELS, bits: int | None = None) -> np.ndarray:
    """The pixels (h, w, 3), uint8 RGB, turned upright as the camera's EXIF orientation says.

    max_pixels: width times height beyond which nothing is unpacked. bits: that hold the brightness of a photo of more
    than eight bits a channel, if the file does not state them. Raises PhotoError where the photo cannot be read, is
    larger than that, smaller than 32 x 32 pixels, or of unknown brightness.
    """
    name = _name(source)
    with open_image(source, name, max_pixels) as image:
        if min(image.size) < LEAST_SIDE:
            raise PhotoError(
                "too small",
                f"A photo must be at least {LEAST_SIDE} x {LEAST_SIDE} pixels",
                f"{image.width} x {image.height} in {name}",
                "Take the photo at full size",
            )
        deep, turn = is_deep(image), orientation_of(image)
        pixels = None if deep else np.asarray(image.convert("RGB"))
    if pixels is None:
        pixels = eight_bits(lambda: open_image(source, name, max_pixels), bits, name)
        pixels = np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels
    return np.array(turned(pixels, turn), order="C")


def photo_size(source: Path | bytes, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Height and width of a photo as `read_photo` gives it, from its header alone; raises PhotoError."""
    with open_image(source, _name(source), max_pixels) as image:
        height, width = image.height, image.width
        return (width, height) if orientation_of(image) >= 5 else (height, width)


def png_bytes(pixels: np.ndarray) -> bytes:
    """The pixels, uint8 (h, w, 3), uint8 (h, w) or bool (h, w), as a PNG file.

    At the lowest level of compression: grain takes four times as long at the usual one and is no smaller after it.
    """
    buffer = io.BytesIO()
    image = Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.uint8) * 255)
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def jpeg_bytes(image: Image.Image, quality: int) -> bytes:
    """The image as a JPEG file of a quality from 1 to 95."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _name(source: Path | bytes) -> str:
    return "The photo" if isinstance(source, bytes) else f"'{source.name}'"
