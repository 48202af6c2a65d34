"""Stains and growth: oil, water, drips, rust, moss, blotches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fieldwright.physics.concrete.noise import field


def _blotches(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Dark or light patches with soft or sharp edges."""
    cloud = field(rng, colour.shape[:2], rng.uniform(0.9, 1.8), rng.uniform(2.0, 20.0))
    patch = np.clip((cloud - rng.uniform(0.3, 1.8)) * rng.uniform(0.8, 5.0), 0.0, 1.0)
    colour *= (1.0 - rng.uniform(-0.2, 0.4) * patch)[..., None]


def _drops(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Spots of oil or gum, a few to dozens."""
    height, width = colour.shape[:2]
    cover = np.zeros((height, width), dtype=np.float32)
    rough = field(rng, (height, width), 0.8, 3.0, 30.0)
    for _ in range(int(rng.integers(1, 14))):
        r = np.exp(rng.uniform(np.log(2.0), np.log(16.0)))
        cy, cx, reach = rng.uniform(0, height), rng.uniform(0, width), int(2 * r + 4)
        top, left = max(int(cy) - reach, 0), max(int(cx) - reach, 0)
        part = (slice(top, min(int(cy) + reach, height)), slice(left, min(int(cx) + reach, width)))
        y, x = np.mgrid[part]
        d = np.hypot(x - cx, (y - cy) * rng.uniform(0.8, 1.4)) * (1.0 + 0.2 * rough[part]) - r
        cover[part] = np.maximum(
            cover[part], np.clip(0.5 - d / rng.uniform(1.0, 5.0), 0, 1) * rng.uniform(0.3, 1.0)
        )
    colour *= (1.0 - rng.uniform(0.1, 0.45) * cover)[..., None]


def _water(rng: np.random.Generator, colour: np.ndarray) -> None:
    """A wet area, darker, with a tide mark at its edge."""
    cloud = field(rng, colour.shape[:2], 1.8, 10.0) - rng.uniform(-0.3, 1.2)
    wet = np.clip(cloud * rng.uniform(3.0, 12.0), 0.0, 1.0)
    tide = np.exp(-((cloud * rng.uniform(15.0, 40.0)) ** 2))
    colour *= (1.0 - rng.uniform(0.08, 0.35) * wet - rng.uniform(-0.12, 0.15) * tide)[..., None]


def _drips(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Streaks that run down a wall, dark with soot or brown with rust."""
    height, width = colour.shape[:2]
    columns = np.interp(
        np.arange(width), np.arange(0, width + 8, 4), rng.standard_normal(len(np.arange(0, width + 8, 4)))
    )
    fade = np.clip(
        1.0 - np.abs(np.arange(height) / height - rng.uniform(0, 0.6)) * rng.uniform(0.7, 2.0), 0.0, 1.0
    )
    streak = np.clip(columns - rng.uniform(0.3, 1.2), 0.0, 1.0)[None, :] * fade[:, None]
    streak = streak * (1.0 + 0.3 * field(rng, (height, width), 1.0, 6.0))
    tone = np.array([0.6, 0.9, 1.3]) if rng.random() < 0.4 else np.ones(3)
    colour *= 1.0 - (rng.uniform(0.1, 0.35) * streak)[..., None].astype(np.float32) * tone.astype(np.float32)


def _moss(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Moss, algae and lichen: speckled green or black."""
    shape = colour.shape[:2]
    where = np.clip(field(rng, shape, 1.3, 6.0) - rng.uniform(0.3, 1.5), 0.0, 1.0)
    speckle = np.clip(0.5 + field(rng, shape, 0.4, 1.5, 10.0), 0.0, 1.0) * where
    tone = np.array([[0.3, 0.38, 0.2], [0.13, 0.13, 0.11], [0.55, 0.53, 0.3]])[rng.integers(3)]
    cover = (rng.uniform(0.3, 0.9) * speckle)[..., None].astype(np.float32)
    colour *= 1.0 - cover
    colour += cover * tone.astype(np.float32)


DIRTS: tuple[Callable[[np.random.Generator, np.ndarray], None], ...] = (
    _blotches,
    _blotches,
    _drops,
    _water,
    _drips,
    _moss,
)


def soil_surface(rng: np.random.Generator, colour: np.ndarray) -> None:
    """Put none to three stains on a colour (h, w, 3), in place."""
    for which in rng.integers(0, len(DIRTS), rng.choice(4, p=(0.3, 0.35, 0.25, 0.1))):
        DIRTS[which](rng, colour)
