"""The mask that outlines the cracks of a photo, read from a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import maximum_filter, minimum_filter

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.image_file import MAX_PIXELS, open_image
from fieldwright.data.photos.orientation import orientation_of, turned
from fieldwright.data.photos.sample_depth import is_deep

GREY = 0.02
"""Share of the pixels that may be neither black nor white: smoothed edges, traces of JPEG."""
INVERTED = 2 / 3
"""A mask that calls more than this share crack has its colours the wrong way round; dense networks cover half."""
CLASSES = 12
"""Most values of a mask that may be classes; JPEG and smoothing by any but the plainest way leave more."""
FLAT = 0.3
"""Share of the pixels of one grey from which on, lying on no slope, they are a class and no smoothed edge."""
EDGE = 2
"""px from a bright pixel within which smoothing an edge leaves middle greys."""
RINGING = 12
"""px from a bright pixel within which JPEG leaves traces in the dark: its blocks have 8."""
TRACE = 0.04
"""Share of the brightest up to which a grey may be a trace of JPEG anywhere."""
OTHER = 0.03
"""Pixels that belong to no edge, as a share of the crack's, from which on they are a class of their own."""

Value = int | str
"""Of a pixel: a grey or an index of a palette, or a colour as "#rrggbb"."""


def read_outline(
    source: Path | bytes, crack_values: tuple[Value, ...] = (), *, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """True where there is crack, (h, w), turned upright; see `stored_outline`."""
    with open_image(source, _name(source), max_pixels, flat=True) as image:
        orientation = orientation_of(image)
    return turned(stored_outline(source, crack_values, max_pixels=max_pixels), orientation)


def stored_outline(
    path: Path | bytes, crack_values: tuple[Value, ...] = (), *, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """True where there is crack, (h, w), in the pixels as they are stored.

    crack_values: which greys, indices of a palette or colours "#rrggbb" are crack, all others being background;
    without them black is background, and white or any other one colour is crack.
    Raises PhotoError where the mask cannot be read, has several classes of which none is chosen, lacks all that are
    chosen, is not binary, or is inverted.
    """
    name = _name(path)
    with open_image(path, name, max_pixels, flat=True) as image:
        if image.mode in ("I", "F") or (is_deep(image) and image.mode != "I;16"):
            raise PhotoError(
                "unreadable",
                f"{name} must have 8 bits a channel, or 16 if it is grey",
                f"mode {image.mode} of {image.format}",
                "Export it as PNG",
            )
        image.load()
        if not crack_values and image.mode == "L" and _is_black_and_one_grey(image):
            return checked_mask(np.asarray(image) > 0, name)
        lossy = image.format in ("JPEG", "WEBP")
        labels, tones = _labels(image, by_value=bool(crack_values))
    if crack_values:
        return checked_mask(_with_values(labels, tones, crack_values, name), name)
    if labels.ndim == 2 and not lossy:
        _refuse_classes(labels, tones, name)
    return checked_mask(_bright(tones, name), name)


def _name(source: Path | bytes) -> str:
    return "The mask" if isinstance(source, bytes) else f"the mask '{source.name}'"


def checked_mask(crack: np.ndarray, name: str) -> np.ndarray:
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


def _is_black_and_one_grey(image: Image.Image) -> bool:
    """Whether there is nothing to be asked about a grey mask: counted at once, where all else takes many passes."""
    levels = np.flatnonzero(image.histogram())
    return len(levels) == 2 and levels[0] == 0


def _labels(image: Image.Image, *, by_value: bool) -> tuple[np.ndarray, np.ndarray]:
    """Greys, indices or packed colours (h, w), and colours (h, w, 1 or 3) as float32.

    What is transparent is black; where all that is opaque is black too, it is the opaque that is drawn: white.
    """
    if image.mode.startswith("I;16") or image.mode in ("L", "1"):
        grey = np.asarray(image).astype(np.int64)
        return grey, grey[..., None].astype(np.float32)
    rgba = np.asarray(image.convert("RGBA")).astype(np.int64)
    opaque = rgba[..., 3:] >= 128
    colours = rgba[..., :3] * opaque
    if not by_value and not colours.any() and not opaque.all():
        colours = 255 * opaque.repeat(3, axis=2)
    labels = np.asarray(image).astype(np.int64) if image.mode == "P" else colours @ np.array([65536, 256, 1])
    if image.mode != "P" and (colours == colours[..., :1]).all():
        return colours[..., 0], colours[..., :1].astype(np.float32)
    return labels, colours.astype(np.float32)


def _with_values(labels: np.ndarray, tones: np.ndarray, values: tuple[Value, ...], name: str) -> np.ndarray:
    """Where the mask has one of the values; raises PhotoError where it has none and is not of one value."""
    colours = [np.array([int(v[k : k + 2], 16) for k in (1, 3, 5)]) for v in values if isinstance(v, str)]
    crack = np.isin(labels, [v for v in values if not isinstance(v, str)])
    if colours:
        crack |= np.any([(tones == colour).all(axis=2) for colour in colours], axis=0)
    distinct = np.unique(labels)
    if not crack.any() and len(distinct) > 2:
        raise PhotoError(
            "mask not binary",
            f"{name} must hold one of 'crack_values' ({', '.join(map(str, values))}), or background alone",
            f"{len(distinct)} other values ({_listed(labels, tones)})",
            "Correct 'crack_values'",
        )
    return crack


def _refuse_classes(labels: np.ndarray, tones: np.ndarray, name: str) -> None:
    """Raises PhotoError for a mask of several classes, or of two values of which none is black.

    A value between the darkest and the brightest is a smoothed edge where it has a darker and a brighter neighbour.
    """
    number, grey = len(np.unique(labels)), tones.max(axis=2)
    several = False
    if 2 < number <= CLASSES:
        top = grey.max()
        edge = (grey > minimum_filter(grey, 3)) & (grey < maximum_filter(grey, 3))
        several = bool(_of_other_colour(tones, grey > 0.75 * top).any()) or any(
            (~edge[grey == value]).mean() > FLAT for value in np.unique(grey[(grey > 0) & (grey < top)])
        )
    if several or (number == 2 and grey.min() > 0):
        raise PhotoError(
            "mask not binary",
            f"{name} must be black with cracks in one colour, or 'crack_values' must say which values are crack",
            f"{number} values ({_listed(labels, tones)})",
            "Set it in [photos]; all other values, an ignore value too, are background",
        )


def _bright(tones: np.ndarray, name: str) -> np.ndarray:
    """Where a mask of one colour and its smoothed edges is brighter than half; raises PhotoError for any other."""
    grey = tones.max(axis=2)
    top = float(grey.max())
    if top == 0.0:
        return np.zeros(grey.shape, dtype=bool)
    crack, bright = grey > 0.5 * top, grey > 0.75 * top
    middle = (grey > 0.25 * top) & ~bright
    # Greys far from all that is bright cannot be its edge; the darkest ones must lie out of the reach of JPEG too.
    alone = middle & ~_near(bright, EDGE) | (grey > TRACE * top) & ~_near(bright, RINGING)
    between = float(np.mean(middle))
    other = int(np.sum(alone | _of_other_colour(tones, bright)))
    if between > GREY or other > OTHER * crack.sum():
        raise PhotoError(
            "mask not binary",
            f"{name} must be black with cracks in one colour, or 'crack_values' must say which values are crack",
            f"{between:.0%} of its pixels between black and its brightest, {other} of another colour or off edges",
            "Export crack as 255 and everything else as 0",
        )
    return crack


def _near(bright: np.ndarray, reach: int) -> np.ndarray:
    return np.asarray(maximum_filter(bright, 2 * reach + 1), dtype=bool)


def _of_other_colour(tones: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """Pixels (h, w) whose colour is no mixture of black and the middle one of the bright pixels."""
    if tones.shape[2] == 1:
        return np.zeros(bright.shape, dtype=bool)
    u = np.median(tones[bright], axis=0)
    along = np.clip(tones @ u / float(u @ u), 0.0, 1.3)
    # JPEG keeps colours at half the resolution, and so blurs them more than the brightness.
    return np.abs(tones - along[..., None] * u).max(axis=2) > 0.35 * float(u.max())


def _listed(labels: np.ndarray, tones: np.ndarray) -> str:
    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.argsort(-counts)[:6]
    flat = tones.reshape(-1, tones.shape[2]).astype(int)
    by_number = tones.shape[2] == 1 or values.max() < 256
    words = [str(values[k]) if by_number else "#{:02x}{:02x}{:02x}".format(*flat[first[k]]) for k in order]
    return ", ".join(f"{word}: {counts[k] / labels.size:.2%}" for word, k in zip(words, order, strict=True))
