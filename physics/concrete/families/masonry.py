"""Masonry: courses of bricks or blocks with mortar joints, which are straight and no cracks."""

from __future__ import annotations

import numpy as np

from fieldwright.physics.concrete.noise import Shape, field
from fieldwright.physics.concrete.relief import Relief

BRICKS = np.array(
    [[0.62, 0.36, 0.28], [0.55, 0.4, 0.33], [0.7, 0.62, 0.5], [0.6, 0.6, 0.58], [0.72, 0.7, 0.66]]
)


def masonry(rng: np.random.Generator, shape: Shape) -> Relief:
    """Relief of a wall in stretcher bond, painted over at times."""
    rise = rng.uniform(0.12, 0.45) * shape[0]
    run, joint = rise * rng.uniform(1.5, 3.2), rise * rng.uniform(0.05, 0.14)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    wobble = field(rng, shape, 1.2, 8.0) * 0.12 * joint
    y, x = y + rng.uniform(0, rise) + wobble, x + rng.uniform(0, run) + wobble
    course = np.floor(y / rise).astype(int)
    x = x + 0.5 * run * (course % 2)
    column = np.floor(x / run).astype(int)
    edge = np.minimum(np.minimum(y % rise, rise - y % rise), np.minimum(x % run, run - x % run))
    brick = np.clip(edge - joint / 2 + 0.5, 0.0, 1.0).astype(np.float32)
    number = (course * 131 + column * 17) % 1009
    base = BRICKS[rng.integers(len(BRICKS))]
    each = base * (1.0 + rng.normal(0.0, rng.uniform(0.02, 0.12), (1009, 1)) + rng.normal(0, 0.02, (1009, 3)))
    mortar = np.array([0.62, 0.6, 0.56]) * rng.uniform(0.55, 1.25)
    if rng.random() < 0.3:
        mortar = base * rng.uniform(0.85, 1.1)
    sand = field(rng, shape, 0.4, 1.0, 12.0)
    colour = brick[..., None] * each[number] + (1.0 - brick[..., None]) * mortar
    colour *= (1.0 + rng.uniform(0.02, 0.09) * sand + rng.uniform(0.02, 0.07) * field(rng, shape, 1.2, 4.0))[
        ..., None
    ]
    height = brick * rng.uniform(0.3, 2.0) + rng.uniform(0.05, 0.3) * sand
    return Relief(colour.astype(np.float32), height.astype(np.float32), 2.0)
