"""The cracks of one surface: how many, how they hang together, how wide."""

from __future__ import annotations

import numpy as np

from fieldwright.physics.concrete.crack import Crack, within
from fieldwright.physics.concrete.crack_path import across, fork, loop, network, width_along
from fieldwright.physics.concrete.noise import Shape
from fieldwright.physics.concrete.settings import Pattern

WIDEST = 32.0


def draw(
    rng: np.random.Generator, shape: Shape, pattern: Pattern, width_px: tuple[float, float]
) -> list[Crack]:
    """Cracks of a pattern that lie in a photo (h, w) or leave it; widths log-uniform, thin ones favoured."""
    cracks: list[Crack] = []
    for _ in range(20):
        cracks = _draw(rng, shape, pattern, width_px)
        if sum(piece.length_px for piece in pieces(cracks, shape)) > 0.3 * min(shape):
            break
    return cracks


def pieces(cracks: list[Crack], shape: Shape) -> tuple[Crack, ...]:
    """What of the cracks lies in the photo, as cracks of their own; a parent is the first piece of what it was."""
    inside: list[Crack] = []
    first: dict[int, int] = {}
    for number, crack in enumerate(cracks):
        parent = None if crack.parent is None else first.get(crack.parent)
        parts = within(Crack(crack.path, crack.width, parent), shape)
        if parts:
            first[number] = len(inside)
        inside.extend(parts)
    return tuple(inside)


def _draw(
    rng: np.random.Generator, shape: Shape, pattern: Pattern, width_px: tuple[float, float]
) -> list[Crack]:
    low, high = np.log(width_px)
    mean = float(np.exp(low + (high - low) * rng.beta(1.3, 2.0)))
    if pattern == "network":
        mean = min(mean, 9.0)
        paths = network(rng, shape, max(5.0, 1.5 * mean))
        return [
            _crack(rng, path, max(mean * rng.uniform(0.5, 1.3), width_px[0]), shape, joined=(True, True))
            for path in paths
        ]
    cracks: list[Crack] = []
    for _ in range(1 if rng.random() < 0.75 else int(rng.integers(2, 4))):
        finest = max(5.0, 1.5 * mean) * rng.uniform(1.0, 2.0)
        trunk = _crack(rng, across(rng, shape, finest), mean, shape)
        cracks.append(trunk)
        if pattern == "branching":
            _add_branches(rng, cracks, trunk, shape, finest, depth=2)
        mean = max(mean * rng.uniform(0.4, 1.2), width_px[0])
    return cracks


def _crack(
    rng: np.random.Generator,
    path: np.ndarray,
    mean: float,
    shape: Shape,
    *,
    joined: tuple[bool, bool] = (False, False),
    parent: int | None = None,
) -> Crack:
    """A crack along a path; it runs out at an end that lies within the photo and on no other crack."""
    size = np.array([shape[1], shape[0]]) - 0.5
    free = [bool(np.all((end > 0) & (end < size))) for end in (path[0], path[-1])]
    return Crack(
        path,
        width_along(
            rng, len(path), max(mean, 1.0), (free[0] and not joined[0], free[1] and not joined[1]), WIDEST
        ),
        parent,
    )


def _add_branches(
    rng: np.random.Generator, cracks: list[Crack], trunk: Crack, shape: Shape, finest: float, depth: int
) -> None:
    parent, n = len(cracks) - 1, len(trunk.path)
    for _ in range(1 + int(rng.integers(0, 3) * rng.random())):
        rejoins = rng.random() < 0.3
        if rejoins:
            path = loop(rng, trunk.path, finest)
        else:
            path = fork(rng, trunk.path, int(rng.integers(n // 10, n * 9 // 10 + 1)), shape, finest)
        if len(path) < 20:
            continue
        mean = float(trunk.width.mean()) * rng.uniform(0.3, 0.85)
        cracks.append(_crack(rng, path, mean, shape, joined=(True, rejoins), parent=parent))
        if depth > 1 and rng.random() < 0.4:
            _add_branches(rng, cracks, cracks[-1], shape, finest, depth - 1)
