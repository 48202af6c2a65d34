"""What a camera does to a surface: depth of field, blur, sharpening, colour cast, noise, JPEG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image
from scipy.ndimage import convolve1d, gaussian_filter


def photograph(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """Photo (h, w, 3) uint8 of a colour (h, w, 3) float, as a phone or an old camera would take it."""
    image = _focus(rng, colour)
    image = _expose(rng, np.maximum(image, 0.0))
    warmth = rng.normal(0.0, 0.03 if rng.random() < 0.8 else 0.12)
    image = image * np.exp(np.array([warmth, 0.3 * warmth, -1.3 * warmth]) + rng.normal(0.0, 0.01, 3))
    level = rng.uniform(0.0, 0.03)
    noise = rng.standard_normal(image.shape[:2], dtype=np.float32)[..., None] * level
    if level > 0.012:
        noise = noise + rng.standard_normal(image.shape, dtype=np.float32) * (0.5 * level)
    photo = to_bytes(image + noise)
    return _compress(photo, int(rng.integers(45, 97))) if rng.random() < 0.8 else photo


def to_bytes(colour: np.ndarray) -> np.ndarray:
    """Colour (h, w, 3) in 0..1 as uint8, clipped."""
    return np.rint(np.clip(colour, 0.0, 1.0) * 255.0).astype(np.uint8)


def _expose(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Exposure and contrast by a camera's automatic: mean grey about 0.55, deviation 0.03 to 0.18."""
    level, spread = float(image.mean()), float(image.mean(axis=2).std())
    noise_level = np.exp(np.log(spread / level * 0.55) * 0.5 + np.log(rng.uniform(0.045, 0.13)) * 0.5)
    target = np.clip(rng.normal(0.54, 0.09), 0.25, 0.75)
    return target + (image - level) * (np.clip(noise_level, 0.03, 0.18) / max(spread, 1e-6))


def _focus(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    """Out of focus, shaken, partly out of focus, or sharpened too much."""
    sharp = np.clip(colour, 0.0, 1.3)
    how = rng.random()
    if how < 0.45:
        return gaussian_filter(sharp, (s := rng.uniform(0.3, 1.3), s, 0), truncate=3.0)
    if how < 0.55:
        n = int(rng.integers(2, 6))
        return convolve1d(sharp, np.full(n, 1.0 / n), axis=int(rng.integers(2)))
    if how < 0.65:
        soft = gaussian_filter(sharp, (s := rng.uniform(1.5, 4.0), s, 0), truncate=2.5)
        ramp = np.clip(np.linspace(rng.uniform(-1.0, 1.6), rng.uniform(-1.0, 1.6), sharp.shape[0]), 0.0, 1.0)
        ramp = ramp[:, None, None]
        return (soft + ramp * (sharp - soft)).astype(np.float32)
    if how < 0.85:
        soft = gaussian_filter(sharp, (0.8, 0.8, 0), truncate=3.0)
        return np.clip(sharp + rng.uniform(0.2, 1.0) * (sharp - soft), 0.0, 1.3)
    return sharp


def _compress(photo: np.ndarray, quality: int) -> np.ndarray:
    """The photo after JPEG compression at this quality."""
    stream = BytesIO()
    Image.fromarray(photo).save(stream, format="JPEG", quality=quality)
    with Image.open(BytesIO(stream.getvalue())) as image:
        return np.array(image.convert("RGB"))
