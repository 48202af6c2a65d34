"""Plaster and paint: light or coloured, trowelled, sprayed or with blisters, washed out in patches."""

from __future__ import annotations

import numpy as np

from fieldwright.physics.concrete.noise import Shape, field
from fieldwright.physics.concrete.relief import Relief, tinted


def plaster(rng: np.random.Generator, shape: Shape) -> Relief:
    """Relief of a rendered wall."""
    grain = float(np.exp(rng.uniform(np.log(1.2), np.log(6.0))))
    lumps = field(rng, shape, 0.5, 1.5 * grain, 12.0 * grain)
    fine = field(rng, shape, 0.2, 1.0, 6.0)
    if rng.random() < 0.5:  # sprayed: droplets stand out, the ground is flat
        lumps = np.maximum(lumps - rng.uniform(0.0, 1.0), 0.0)
    grey = rng.uniform(0.55, 0.92) * (1.0 + rng.uniform(0.01, 0.06) * field(rng, shape, 1.2, 6.0))
    grey *= 1.0 + rng.uniform(0.005, 0.03) * fine
    colours = np.array(
        [
            [1, 1, 1],
            [1.04, 1.0, 0.88],
            [1.1, 1.0, 0.68],
            [1.1, 0.95, 0.85],
            [0.94, 1.0, 1.04],
            [0.97, 1.02, 0.95],
        ]
    )
    tint = colours[rng.integers(len(colours))] + rng.normal(0, 0.015, 3)
    height = grain * rng.uniform(0.1, 0.7) * lumps + rng.uniform(0.0, 0.25) * fine
    return Relief(tinted(grey, tint), height.astype(np.float32), grain)
