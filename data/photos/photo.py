"""One photo: from a file or from bytes to pixels, and back to PNG."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from data.errors import PhotoError

MAX_PIXELS = 120_000_000
MIN_SIDE = 16
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "PPM")
SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".ppm"))

# Pillow's own limit is another one; ours is checked before a pixel is decoded.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def read_photo(source: Path | bytes, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The pixels (h, w, 3), uint8 RGB, turned upright as the camera's EXIF orientation says.

    max_pixels: width times height beyond which nothing is decoded. Raises PhotoError where the photo cannot be read,
    is larger than that, or smaller than 16 x 16 pixels.
    """
    name = "The photo" if isinstance(source, bytes) else f"'{source.name}'"
    image = open_image(source, name, max_pixels)
    if min(image.size) < MIN_SIDE:
        raise PhotoError(
            "too small",
            f"A photo must be at least {MIN_SIDE} x {MIN_SIDE} pixels",
            f"{image.width} x {image.height} in {name}",
            "Take the photo at full size",
        )
    if image.mode.startswith("I;16"):
        grey = (np.asarray(image) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    return np.array(image.convert("RGB"))


def open_image(source: Path | bytes, name: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The decoded image, upright, in the mode of the file; `name` is what errors call it. Raises PhotoError."""
    try:
        with Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        ) as image:
            if image.width * image.height > max_pixels:
                raise _huge(name, f"{image.width} x {image.height}", max_pixels)
            image.load()
            upright = ImageOps.exif_transpose(image)
    except Image.DecompressionBombError:
        raise _huge(name, "far more", max_pixels) from None
    except PhotoError:
        raise
    # Decoders of damaged files raise what they please: OSError, SyntaxError, struct.error, ValueError and others.
    except Exception as error:
        raise PhotoError(
            "unreadable",
            f"{name} must be a whole image ({', '.join(FORMATS)})",
            _first_line(error),
            "Copy or export it again",
        ) from None
    if upright.mode in ("I", "F"):
        raise PhotoError(
            "unreadable",
            f"{name} must have 8 or 16 bits a channel",
            f"mode {upright.mode}",
            "Export it as PNG",
        )
    return upright


def png_bytes(pixels: np.ndarray) -> bytes:
    """The pixels, uint8 (h, w, 3), uint8 (h, w) or bool (h, w), as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels if pixels.dtype == np.uint8 else pixels.astype(np.uint8) * 255).save(buffer, "PNG")
    return buffer.getvalue()


def _huge(name: str, got: str, max_pixels: int) -> PhotoError:
    return PhotoError(
        "huge",
        f"{name} must have at most {max_pixels / 1e6:g} million pixels",
        got,
        "Cut or shrink it first",
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    # Pillow names the Python object that it was given.
    return lines[0].split(" <")[0].split(" '")[0] if lines else type(error).__name__
