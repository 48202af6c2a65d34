"""A bare surface: its colour and its height, before cracks, dirt and light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from fieldwright.physics.concrete.noise import Shape, field


@dataclass
class Relief:
    """Colour (h, w, 3) float32, 0 black to 1 white, and height (h, w) float32 in px of a surface.

    grain: typical size of its stones or pores, px.
    """

    colour: np.ndarray
    height: np.ndarray
    grain: float


def tinted(grey: np.ndarray, tint: np.ndarray) -> np.ndarray:
    """Colour (h, w, 3) of a grey field (h, w) under a tint (3,)."""
    return grey[..., None].astype(np.float32) * tint.astype(np.float32)


def stones(rng: np.random.Generator, shape: Shape, size: float) -> tuple[np.ndarray, np.ndarray]:
    """A mosaic of stones of about `size` px: number of the stone (h, w), share of its radius (h, w).

    The cells of a Voronoi diagram of random sites, by one distance transform.
    """
    height, width = shape
    count = max(int(height * width / size**2), 4)
    seeds = np.zeros(shape, dtype=bool)
    y, x = rng.integers(0, height, count), rng.integers(0, width, count)
    seeds[y, x] = True
    distance, nearest = distance_transform_edt(~seeds, return_indices=True)  # type: ignore[misc]
    number = nearest[0] * width + nearest[1]
    return number, (distance / (0.55 * size)).astype(np.float32)


def pits(rng: np.random.Generator, shape: Shape, count: int, radius: tuple[float, float]) -> np.ndarray:
    """Depth (h, w) in 0..1 of `count` round pits (bug holes), sharp at their rims."""
    height, width = shape
    depth = np.zeros(shape, dtype=np.float32)
    rough = field(rng, shape, 0.5, 3.0, 12.0)
    for _ in range(count):
        r = radius[0] * (radius[1] / radius[0]) ** (rng.random() ** 2)
        cy, cx, flat = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(0.5, 1.0)
        reach = int(2 * r + 3)
        top, left = max(int(cy) - reach, 0), max(int(cx) - reach, 0)
        y, x = np.mgrid[top : min(int(cy) + reach, height), left : min(int(cx) + reach, width)]
        turn = rng.uniform(0, np.pi)
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        part = (slice(top, top + y.shape[0]), slice(left, left + y.shape[1]))
        d = np.hypot(u, v / flat) * (1 + 0.18 * rough[part]) - r
        depth[part] = np.maximum(depth[part], np.clip(0.5 - d, 0, 1))
    return depth
