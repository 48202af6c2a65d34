"""Collocation points, drawn where the residual is large."""

from __future__ import annotations

import numpy as np


def drawn_by_residual(
    candidates: np.ndarray, sizes: np.ndarray, n: int, power: float, floor: float, rng: np.random.Generator
) -> np.ndarray:
    """Draws n of the candidates (N, d), without repeats, with density |r|^power / mean |r|^power + floor.

    sizes: |r| (N,) at the candidates. power 0 or an infinite floor is an even density.

    Source: Wu, Zhu, Tan, Kartha and Lu, Comput. Methods Appl. Mech. Eng. 403 (2023) 115671 (RAD, there k and c).
    """
    density = residual_density(sizes, power, floor)
    return candidates[rng.choice(len(candidates), n, replace=False, p=density)]


def residual_density(sizes: np.ndarray, power: float, floor: float) -> np.ndarray:
    """Probabilities (N,) in proportion to |r|^power / mean |r|^power + floor; even ones where all r vanish."""
    if not sizes.any():
        return np.full(len(sizes), 1 / len(sizes))
    relative = (sizes / sizes.max()) ** power
    density = relative / relative.mean() + floor
    return density / density.sum()


def with_worst_points(
    points: np.ndarray, candidates: np.ndarray, sizes: np.ndarray, added: int
) -> np.ndarray:
    """The points and, after them, those candidates at which the residual is largest.

    Source: Lu, Meng, Mao and Karniadakis, DeepXDE, SIAM Review 63 (2021) 208, procedure 2.1 (RAR).
    """
    worst = np.argsort(sizes, kind="stable")[::-1][:added]
    return np.concatenate([points, candidates[worst]])
