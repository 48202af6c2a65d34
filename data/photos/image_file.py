"""A picture file: its header checked before a pixel is unpacked, its format named where it cannot be read."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from fieldwright.data.errors import PhotoError

MAX_PIXELS = 120_000_000
FLAT_PIXELS = 80
"""Pixels for each byte of a file from which on it shows nothing: JPEG of one colour has 86, photos 2 to 40."""
SMALL = 4_000_000
"""Pixels up to which a flat picture is read none the less: drawn photos and masks may well be flat."""
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "WEBP", "PPM")
SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm"))
NOT_READ = frozenset(
    (".heic", ".heif", ".avif", ".jxl", ".jp2", ".gif", ".dng", ".cr2", ".nef", ".arw", ".psd")
)
"""Suffixes of pictures of other formats, which are rejected by name, not skipped."""

_SIGNATURES = (
    (4, b"ftypavi", "AVIF"),
    (4, b"ftyphe", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypmsf1", "HEIC"),
    (4, b"JXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"jP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"GIF8", "GIF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (8, b"CR\x02", "Canon raw"),
    (0, b"FUJIFILM", "Fujifilm raw"),
)
_SUBFILE, _DNG_VERSION = 254, 50706
"""Tags of a TIFF: bit 0 of the first says that the picture is a preview of a larger one."""

# Pillow's own limit is another one; ours is checked before a pixel is decoded.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@contextmanager
def open_image(
    source: Path | bytes, name: str, max_pixels: int = MAX_PIXELS, *, flat: bool = False
) -> Iterator[Image.Image]:
    """The image with its header read and checked and no pixel unpacked; `name` is what errors call it.

    flat: whether it may show next to nothing, as the mask of a large photo does.
    Errors of decoding within the block become PhotoError too. Raises PhotoError where the file is no image of a
    known format, is only the preview of a raw one, or holds too many pixels, in all or for its bytes.
    """
    try:
        with Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        ) as image:
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
            _check_header(image, size, name, max_pixels, flat)
            yield image
    except Image.DecompressionBombError:
        raise _huge(name, "far more", max_pixels) from None
    except PhotoError:
        raise
    # Decoders of damaged files raise what they please: OSError, SyntaxError, struct.error, ValueError and others.
    except Exception as error:
        other = format_of(source)
        raise PhotoError(
            "unreadable",
            f"{name} must be a whole image ({', '.join(FORMATS)})",
            f"a picture in the format {other}" if other else _first_line(error),
            "Export it as JPEG or PNG" if other else "Copy or export it again",
        ) from None


def format_of(source: Path | bytes) -> str:
    """The name of a format of pictures that is not read here, by the first bytes; empty where unknown."""
    if isinstance(source, bytes):
        start = source[:64]
    else:
        try:
            with source.open("rb") as stream:
                start = stream.read(64)
        except OSError:
            return ""
    format_name = next((name for at, bytes_, name in _SIGNATURES if start[at:].startswith(bytes_)), "")
    return "AVIF" if format_name == "HEIC" and b"avif" in start else format_name


def _check_header(image: Image.Image, bytes_: int, name: str, max_pixels: int, flat: bool) -> None:
    pixels = image.width * image.height
    if pixels > max_pixels:
        raise _huge(name, f"{image.width} x {image.height}", max_pixels)
    if not flat and pixels > max(SMALL, FLAT_PIXELS * bytes_):
        raise PhotoError(
            "huge",
            f"{name} must hold at least a byte for {FLAT_PIXELS} pixels",
            f"{bytes_ / 1e3:.0f} kB for {image.width} x {image.height}, which shows nothing",
            "Give a photo",
        )
    tags = getattr(image, "tag_v2", {})
    if _DNG_VERSION in tags or tags.get(_SUBFILE, 0) & 1:
        raise PhotoError(
            "unreadable",
            f"{name} must be a whole image ({', '.join(FORMATS)})",
            "a raw file of a camera, whose first picture is a preview",
            "Develop it and export it as TIFF or JPEG",
        )


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
