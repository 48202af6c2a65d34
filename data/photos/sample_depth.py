"""Photos of more than eight bits a channel: at the brightness that the file means, or a question."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import cast

import numpy as np
from PIL import Image, ImageFile

from fieldwright.data.errors import PhotoError

LEAST_OF_16 = 1 << 14
"""A 16-bit photo whose brightest value lies below this may as well hold 8, 10, 12 or 14 bits."""
_BITS, _PHOTOMETRIC, _LARGEST = 258, 262, 281
"""Tags of a TIFF: bits of a sample, what 0 means (0: white), and the largest value that is used."""
_SWAPPED = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}

Open = Callable[[], AbstractContextManager[Image.Image]]


def is_deep(image: Image.Image) -> bool:
    """Whether a channel of an image, not yet unpacked, has more than eight bits, which Pillow's mode may hide."""
    return image.mode[0] in "IF" or _raw_mode(image)[-3:] in _SWAPPED


def eight_bits(open_: Open, bits: int | None, name: str) -> np.ndarray:
    """The samples (h, w) or (h, w, 3) of a deep image as uint8: round(255 value / full).

    full: 2^bits - 1 where `bits` are given; else what the file says; else 65535 if the samples reach a quarter of it.
    Raises PhotoError where nothing says what full brightness is, and where samples lie above it.
    """
    samples, stated = _samples(open_, name)
    top = int(samples.max())
    full = (1 << bits) - 1 if bits is not None else stated
    if full is None:
        if top < LEAST_OF_16:
            raise PhotoError(
                "bit depth",
                f"{name} has 16 bits a channel and must use them, or it must be said how many hold the brightness",
                f"no value above {top}, as 12-bit cameras write them or a dark photo has them",
                "Set 'bits' to 8, 10, 12, 14 or 16 (in [photos] of a study, or with a request)",
            )
        full = 65535
    if top > full:
        raise PhotoError(
            "bit depth",
            f"{name} must have no value above {full} where 'bits' is {full.bit_length()}",
            str(top),
            "Correct 'bits'",
        )
    with open_() as image:
        # Pillow turns white and black round for eight bits only.
        inverted = samples.ndim == 2 and getattr(image, "tag_v2", {}).get(_PHOTOMETRIC) == 0
    scaled = np.arange(full + 1, dtype=np.int64) * 255
    table = ((scaled + full // 2) // full).astype(np.uint8)
    return (table[::-1] if inverted else table)[samples]


def _samples(open_: Open, name: str) -> tuple[np.ndarray, int | None]:
    """The samples, and the full brightness that the file states, if any."""
    with open_() as image:
        tags = getattr(image, "tag_v2", {})
        if image.mode in ("I", "F") and image.format != "PPM":
            raise PhotoError(
                "unreadable",
                f"{name} must have 8 or 16 bits a channel",
                f"mode {image.mode}",
                "Export it as PNG",
            )
        if image.mode.startswith("I"):
            image.load()
            # Pillow brings a PPM to 16 bits by the maximum in its header.
            stated = 65535 if image.format == "PPM" else _stated(tags)
            return np.asarray(image).astype(np.uint16), stated
        if image.mode not in ("RGB", "RGBA"):
            raise PhotoError(
                "unreadable",
                f"{name} must be grey or RGB where it has 16 bits",
                f"mode {image.mode}",
                "Export it as RGB",
            )
        high = np.array(image.convert("RGB"), dtype=np.uint16)
    with open_() as image:
        # Pillow keeps the first of two bytes; read in the other order, the same byte is the second.
        file = cast(ImageFile.ImageFile, image)
        file.tile = [tile._replace(args=_other_order(tile.args or "")) for tile in file.tile]
        return high << 8 | np.array(image.convert("RGB")), _stated(tags)


def _stated(tags: dict) -> int | None:
    bits = int(np.max(tags.get(_BITS, 16)))
    if 8 < bits < 16:
        return (1 << bits) - 1
    largest = int(np.max(tags.get(_LARGEST, 0)))
    return (1 << largest.bit_length()) - 1 if 255 < largest < 65535 else None


def _raw_mode(image: Image.Image) -> str:
    tiles = cast(ImageFile.ImageFile, image).tile
    args = tiles[0].args if tiles else ""
    raw = args[0] if isinstance(args, tuple) else args
    return raw if isinstance(raw, str) else ""


def _other_order(args: tuple | str) -> tuple | str:
    raw = args[0] if isinstance(args, tuple) else args
    swapped = raw[:-3] + _SWAPPED[raw[-3:]]
    return (swapped, *args[1:]) if isinstance(args, tuple) else swapped
