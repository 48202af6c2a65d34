"""Asphalt: stones of a few px in dark bitumen, worn bright on top, with lost stones and polished wheel tracks."""

from __future__ import annotations

import numpy as np

from fieldwright.physics.concrete.noise import Shape, field
from fieldwright.physics.concrete.relief import Relief, stones, tinted


def asphalt(rng: np.random.Generator, shape: Shape) -> Relief:
    """Relief of a road; stones from 2 px (a whole lane in the photo) to 12 px (a close-up)."""
    size = float(np.exp(rng.uniform(np.log(1.8), np.log(8.0))))
    number, radius = stones(rng, shape, size)
    kind = rng.standard_normal(shape[0] * shape[1]).astype(np.float32)[number]
    worn = rng.uniform(0.05, 0.18)
    bright = np.where(kind > rng.uniform(1.3, 2.2), rng.uniform(1.3, 3.0), 1.0) * kind
    grey = rng.uniform(0.28, 0.62) * (1.0 + worn * np.clip(bright, -2.5, 4.0))
    seam = np.clip((radius - 0.75) * 2.0, 0.0, 1.0)
    grey = grey * (1.0 - rng.uniform(0.0, 0.35) * seam * (1.0 + 0.5 * field(rng, shape, 0.0, 1.5)))
    grey *= 1.0 + rng.uniform(0.03, 0.12) * field(rng, shape, 0.3, 1.0, 8.0)
    grey *= 1.0 + rng.uniform(0.01, 0.07) * field(rng, shape, 1.0, 8.0)
    height = size * 0.5 * (np.sqrt(np.clip(1.0 - 0.6 * radius**2, 0.05, 1.0)) + 0.15 * kind)
    tint = 1.0 + rng.normal(0.0, 0.03, 3)
    colour = tinted(grey, tint)
    if rng.random() < 0.7:  # stones of several rocks: bluish, reddish, yellow
        rocks = rng.normal(0.0, 1.0, (5, 1)) * np.array([1.0, 0.1, -1.2]) + rng.normal(0.0, 0.3, (5, 3))
        rocks[: int(rng.integers(1, 5))] = 0.0
        colour *= (
            1.0
            + (rng.uniform(0.01, 0.06) * rocks[rng.integers(0, 5, 1031)]).astype(np.float32)[number % 1031]
        )
    return Relief(colour, height.astype(np.float32), size)
