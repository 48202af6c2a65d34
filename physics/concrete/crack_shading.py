"""How a crack looks: dark or filled, lit on one wall, crumbled at its edges, dirty around."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, shift

from fieldwright.physics.concrete.noise import field
from fieldwright.physics.concrete.relief import Relief


def shade_crack(rng: np.random.Generator, relief: Relief, distance: np.ndarray, light: np.ndarray) -> None:
    """Darken the colour of a relief in place where the signed distance (h, w) to the cracks is negative.

    light: (2,) direction in which shadows fall, x and y.
    """
    shape = distance.shape
    inner = np.maximum(-distance, 0.0)
    half = max(float(np.quantile(inner[inner > 0], 0.95)), 0.5) if np.any(inner > 0) else 0.5
    rough = field(rng, shape, 0.4, 1.5, max(8.0, 2.0 * relief.grain))
    crumbs = rng.uniform(0.0, 0.35) * min(half, 2.5) + 0.1 * min(relief.grain, 3.0)
    core = rng.uniform(0.0, 0.5) * min(half, 4.0)  # the mouth is wider than the dark gap
    gap = np.clip(0.5 - (distance + core + crumbs * rough), 0.0, 1.0)
    mouth = np.clip(0.5 - distance, 0.0, 1.0)
    colour = relief.colour
    _soil(rng, colour, mouth)
    _crumble(rng, colour, distance, mouth, half)
    along = field(rng, shape, 1.0, 12.0)
    strength = (
        rng.uniform(0.2, 0.6) if half < 4.0 and rng.random() < 0.45 else rng.uniform(0.55, 1.0)
    )  # faint or open
    open_share = np.clip(strength + rng.uniform(0.0, 0.3) * along, 0.12, 1.0)
    inside = _inside(rng, relief, distance, half, light)
    colour *= (1.0 - rng.uniform(0.1, 0.45) * mouth * open_share)[..., None]
    cover = (gap * open_share)[..., None]
    colour *= 1.0 - cover
    colour += inside * cover
    relief.height -= mouth * min(half, 2.0)


def _inside(
    rng: np.random.Generator, relief: Relief, distance: np.ndarray, half: float, light: np.ndarray
) -> np.ndarray:
    """Colour (h, w, 3) of the crack's interior."""
    mean = relief.colour.mean(axis=(0, 1))
    if rng.random() < 0.05:  # efflorescence or an old filling, lighter than the surface
        dark = np.broadcast_to(np.float32(rng.uniform(1.1, 1.5)), distance.shape)
    else:
        floor = rng.uniform(0.03, 0.5) if half < 2.5 else rng.uniform(0.02, 0.3)
        lit = 0.0
        if half > 2.0:  # the wall that faces the light
            far = 0.5 + rng.uniform(0.3, 1.0) * half
            wall = np.clip(0.5 - distance, 0, 1) * (
                1 - np.clip(0.5 - shift(distance, light[::-1] * far, order=1, cval=2.0), 0, 1)
            )
            lit = rng.uniform(0.0, 0.6) * wall
        debris = rng.uniform(0.0, 0.25) * np.maximum(
            field(rng, distance.shape, 0.3, 2.0, 14.0) + rng.uniform(-1.5, 0.5), 0.0
        )
        dark = floor + lit + (debris if half > 1.5 else 0.0)
    soil = np.array([1.1, 1.0, 0.85]) ** rng.uniform(-0.3, 2.0)
    return (np.asarray(dark)[..., None] * mean * soil).astype(np.float32)


def _soil(rng: np.random.Generator, colour: np.ndarray, mouth: np.ndarray) -> None:
    """Dirt, damp or bleached salts about the crack."""
    if rng.random() < 0.4:
        far = rng.uniform(2.0, 14.0)
        halo = gaussian_filter(mouth, far, truncate=2.5)
        halo /= max(float(halo.max()), 1e-6)
        tone = np.array([1.0, 1.0 + rng.uniform(-0.03, 0.2), 1.0 + rng.uniform(0.0, 0.4)])
        colour *= 1.0 - (rng.uniform(-0.12, 0.3) * halo)[..., None] * tone.astype(np.float32)


def _crumble(
    rng: np.random.Generator, colour: np.ndarray, distance: np.ndarray, mouth: np.ndarray, half: float
) -> None:
    """Spalled edges: chips beside the crack, lighter or darker than the worn surface."""
    if rng.random() < 0.45:
        reach = rng.uniform(0.6, 2.0) + 0.25 * half
        chips = field(rng, distance.shape, 0.8, 2.0, 10.0 + 4.0 * half)
        edge = np.clip(0.5 - (distance - reach * (chips + rng.uniform(-0.6, 0.4))), 0.0, 1.0) * (1.0 - mouth)
        colour *= (1.0 + rng.uniform(-0.25, 0.22) * edge)[..., None]
