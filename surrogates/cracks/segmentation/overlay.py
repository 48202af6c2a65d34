"""A photo with its cracks drawn in: outline, and middle line coloured by width."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.measurement.crack_measurements import CrackMeasurements

STOPS = np.array([[70, 120, 255], [40, 215, 235], [120, 240, 90], [255, 210, 40], [255, 60, 40]], dtype=float)
"""Colours from the narrowest to the widest, all bright, for they lie on dark cracks."""
OUTLINE = (255, 255, 255)
SMALLEST_WITH_LEGEND = 160


def overlay(photo: np.ndarray, mask: np.ndarray, measurements: CrackMeasurements | None = None) -> np.ndarray:
    """Picture (h, w, 3) uint8: white outlines and, with measurements, middle lines by width with a legend.

    photo: (h, w, 3) uint8. mask: (h, w) bool. Where the scale is known, a bar of a round length in mm stands lower
    left. Raises QueryError where photo and mask differ in size.
    """
    if photo.shape[:2] != mask.shape:
        raise QueryError(
            "Photo and mask must be of one size", f"{photo.shape[:2]} and {mask.shape}", "Give its own mask"
        )
    picture = photo.copy()
    thick = max(1, round(min(mask.shape) / 900))
    picture[_rim(mask, thick)] = OUTLINE
    if measurements is None or not measurements.cracks:
        return picture
    widest = max(float(crack.profile.width.max()) for crack in measurements.cracks)
    for crack in measurements.cracks:
        colour = _colour(crack.profile.width / widest)
        _dots(picture, crack.profile.y, crack.profile.x, colour, thick)
    if min(mask.shape) < SMALLEST_WITH_LEGEND:
        return picture
    return _with_legend(picture, widest, measurements)


def _rim(mask: np.ndarray, thick: int) -> np.ndarray:
    """Background (h, w) bool next to the mask, `thick` px wide."""
    wide = mask
    for _ in range(thick):
        grown = wide.copy()
        grown[1:] |= wide[:-1]
        grown[:-1] |= wide[1:]
        grown[:, 1:] |= wide[:, :-1]
        grown[:, :-1] |= wide[:, 1:]
        wide = grown
    return wide & ~mask


def _colour(share: np.ndarray) -> np.ndarray:
    at = np.linspace(0.0, 1.0, len(STOPS))
    return np.stack([np.interp(share, at, STOPS[:, k]) for k in range(3)], axis=-1).astype(np.uint8)


def _dots(picture: np.ndarray, y: np.ndarray, x: np.ndarray, colour: np.ndarray, thick: int) -> None:
    rows, columns = np.rint(y).astype(int), np.rint(x).astype(int)
    for dy in range(-(thick // 2), thick - thick // 2):
        for dx in range(-(thick // 2), thick - thick // 2):
            picture[
                np.clip(rows + dy, 0, picture.shape[0] - 1), np.clip(columns + dx, 0, picture.shape[1] - 1)
            ] = colour


def _with_legend(image: np.ndarray, widest: float, measurements: CrackMeasurements) -> np.ndarray:
    """Colour scale lower right, scale bar lower left; only their corner of the picture is copied."""
    height, width = image.shape[:2]
    size = max(10, min(height, width) // 32)
    strip = int(2.6 * size)
    foot = image[height - strip :] // 2
    picture = Image.fromarray(foot)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=size)
    bar = np.broadcast_to(_colour(np.linspace(0.0, 1.0, 8 * size)), (size, 8 * size, 3))
    left, top = width - 14 * size, strip - 2 * size + size // 2
    unit = measurements.length.unit
    picture.paste(Image.fromarray(np.ascontiguousarray(bar)), (left, top))
    draw.text((left - size // 2, top + size // 2), "0", fill=OUTLINE, font=font, anchor="rm")
    draw.text(
        (left + 8 * size + size // 2, top + size // 2),
        f"{widest:.3g} {unit}",
        fill=OUTLINE,
        font=font,
        anchor="lm",
    )
    if measurements.mm_per_px is not None:
        long = _round_length(0.25 * width * measurements.mm_per_px)
        pixels = round(long / measurements.mm_per_px)
        draw.rectangle(
            (size, top + size // 3, size + pixels, top + size // 3 + max(2, size // 4)), fill=OUTLINE
        )
        draw.text((2 * size + pixels, top + size // 2), f"{long:g} mm", fill=OUTLINE, font=font, anchor="lm")
    image[height - strip :] = np.asarray(picture)
    return image


def _round_length(most: float) -> float:
    """The greatest 1, 2 or 5 times a power of ten that is not more."""
    power = 10.0 ** np.floor(np.log10(most))
    return float(max(step for step in (1.0, 2.0, 5.0) if step * power <= most * (1 + 1e-9)) * power)
