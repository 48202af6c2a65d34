"""The mask that outlines the cracks of a photo, read from a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data.errors import PhotoError
from data.photos.photo import MAX_PIXELS, open_image

GREY = 0.02
"""Share of the pixels that may be neither black nor white: smoothed edges, traces of JPEG."""
INVERTED = 2 / 3
"""A mask that calls more than this share crack has its colours the wrong way round; dense networks cover half."""


def read_outline(path: Path, *, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """True where there is crack, (h, w); black is background, and white or any other one colour is crack.

    Raises PhotoError where the mask cannot be read, is not binary, or is inverted.
    """
    name = f"the mask '{path.name}'"
    image = open_image(path, name, max_pixels)
    grey = np.asarray(image if image.mode.startswith("I;16") else image.convert("L")).astype(np.float32)
    top = float(grey.max())
    if top == 0.0:
        return np.zeros(grey.shape, dtype=bool)
    share = grey / top
    between = float(np.mean((share > 0.25) & (share < 0.75)))
    if between > GREY:
        raise PhotoError(
            "mask not binary",
            f"{name} must be black with cracks in one colour",
            f"{between:.0%} of its pixels between black and its brightest",
            "Export crack as 255 and everything else as 0",
        )
    return checked_outline(share > 0.5, name)


def checked_outline(crack: np.ndarray, name: str) -> np.ndarray:
    """The same outline, bool (h, w), if cracks are the smaller part of it; else raises PhotoError."""
    share = float(crack.mean())
    if share > INVERTED:
        raise PhotoError(
            "mask inverted",
            f"{name} must call less than {INVERTED:.0%} of the photo crack",
            f"{share:.0%}",
            "Invert it: crack is white, background black",
        )
    return crack
