"""Light on a surface: slanting over its relief, uneven, with shadows of soft and hard edges."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from fieldwright.physics.concrete.noise import field
from fieldwright.physics.concrete.relief import Relief


def slant(relief: Relief, light: np.ndarray, strength: float) -> None:
    """Brighten the slopes that face the light, darken those that turn away; in place.

    light: (2,) direction in which shadows fall, x and y.
    """
    slope = light[0] * np.gradient(relief.height, axis=1) + light[1] * np.gradient(relief.height, axis=0)
    relief.colour *= np.clip(1.0 - strength * np.tanh(slope), 0.25, 1.9)[..., None].astype(np.float32)


def uneven(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Light that falls off to one side, and darker corners; in place."""
    height, width = colour.shape[:2]
    y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    turn, fall, corner = (
        rng.uniform(0, 2 * np.pi),
        rng.uniform(0.0, 0.3) * (rng.random() < 0.8),
        max(rng.normal(0.0, 0.12), 0.0),
    )
    light = 1.0 + fall * (x * np.cos(turn) + y * np.sin(turn)) - corner * (x**2 + y**2)
    colour *= light[..., None].astype(np.float32)


def shadows(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Shadows of a pole, a wall or foliage on a fifth of the photos, bluish; in place."""
    if rng.random() > 0.2:
        return
    height, width = colour.shape[:2]
    if rng.random() < 0.4:
        shade = np.clip(0.5 + 3.0 * (field(rng, (height, width), 1.4, 15.0) - rng.uniform(0, 1)), 0, 1)
    else:
        y, x = np.mgrid[:height, :width]
        turn, at = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8, 2)
        d = (x - at[0] * width) * np.cos(turn) + (y - at[1] * height) * np.sin(turn)
        if rng.random() < 0.5:
            d = np.abs(d) - rng.uniform(3.0, 0.2 * width)
        shade = (d < 0).astype(np.float32)
    shade = gaussian_filter(shade, rng.choice([0.7, 2.0, 8.0]) * rng.uniform(0.7, 1.5))
    tone = np.array([1.0, 0.97, 0.9])
    colour *= (1.0 - rng.uniform(0.2, 0.6) * shade[..., None] * tone).astype(np.float32)
