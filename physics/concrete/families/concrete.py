"""Concrete: smooth or sandy, clouded, with bug holes, marks of the form-work, a broom's furrows, bare stones."""

from __future__ import annotations

import numpy as np

from fieldwright.physics.concrete.noise import Shape, field
from fieldwright.physics.concrete.relief import Relief, pits, stones, tinted


def concrete(rng: np.random.Generator, shape: Shape) -> Relief:
    """Relief of a wall, deck or floor."""
    rough = rng.uniform(0.0, 1.0)
    grain = float(np.exp(rng.uniform(np.log(1.0), np.log(4.0))))
    grey = rng.uniform(0.4, 0.78) * np.ones(shape, dtype=np.float32)
    cloud = field(rng, shape, rng.uniform(0.7, 1.6), 3.0)
    grey *= 1.0 + rng.uniform(0.02, 0.11) * cloud
    sand = field(rng, shape, 0.3, grain, 10.0 * grain)
    grey *= 1.0 + (0.01 + 0.09 * rough * rng.random()) * sand
    level = 0.35 * grain * rough * sand
    colour = tinted(grey, 1.0 + np.array([0.5, 0.1, -0.6]) * rng.normal(0.02, 0.06) + rng.normal(0, 0.012, 3))
    if rng.random() < 0.35:
        _bare_stones(rng, shape, colour)
    if rng.random() < 0.65:
        depth = pits(rng, shape, int(rng.integers(3, 70)), (0.8, rng.uniform(1.5, 5.0)))
        colour *= (1.0 - rng.uniform(0.3, 0.75) * depth)[..., None]
        level -= 1.5 * depth
    if rng.random() < 0.25:
        level += _furrows(rng, shape)
    if rng.random() < 0.2:
        boards = _boards(rng, shape)
        colour *= (1.0 + boards)[..., None]
    return Relief(colour, level.astype(np.float32), grain)


def _bare_stones(rng: np.random.Generator, shape: Shape, colour: np.ndarray) -> None:
    """Stones at the surface, where the cement is worn off in patches."""
    number, radius = stones(rng, shape, rng.uniform(3.0, 10.0))
    kind = rng.standard_normal(shape[0] * shape[1]).astype(np.float32)[number]
    patch = field(rng, shape, 1.3, 12.0) > rng.uniform(-1.5, 1.0)
    visible = (radius < 0.7) & (np.abs(kind) > rng.uniform(0.5, 1.8)) & patch
    colour[visible] *= (1.0 + rng.uniform(0.1, 0.3) * np.clip(kind[visible], -2.2, 2.0))[:, None]


def _furrows(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Height (h, w) of a broom's or a float's furrows: noise stretched along one direction."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    turn = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    across = x * np.cos(turn) + y * np.sin(turn) + rng.uniform(0.5, 3.0) * field(rng, shape, 1.0, 30.0)
    profile = rng.standard_normal(4096).astype(np.float32)
    spacing = rng.uniform(1.5, 5.0)
    furrows = np.interp((across / spacing) % 4095, np.arange(4096), profile)
    return (rng.uniform(0.1, 0.5) * furrows * (1.0 + 0.5 * field(rng, shape, 0.8, 8.0))).astype(np.float32)


def _boards(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Brightness (h, w) about 0 that the boards of a form-work leave: bands of their own shade, lines between."""
    along = int(rng.integers(2))
    size = shape[along]
    board = max(int(rng.uniform(0.12, 0.5) * size), 8)
    at = (np.arange(size) + rng.integers(board)) // board
    shade = rng.normal(0.0, 0.05, at.max() + 1)[at]
    line = np.concatenate([[0], np.diff(at)]) * rng.uniform(-0.25, 0.2)
    row = (shade + line + np.roll(line, 1) * 0.5).astype(np.float32)
    return np.broadcast_to(row[:, None] if along == 0 else row[None, :], shape)
