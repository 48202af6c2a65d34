"""Small analytic transients whose solutions are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest


@pytest.fixture(scope="session")
def decay() -> Callable[[np.ndarray, int], np.ndarray]:
    """decay(x, t): z(x, k) (n, t, 2) of two coordinates that decay and turn, z_{k+1} = A z_k + b x_0, z_0 by x_1.

    Linear in state and parameters, so that one linear operator with control holds it exactly.
    """
    angle, damping = 0.3, 0.95
    turn = damping * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def trajectories(x: np.ndarray, times: int) -> np.ndarray:
        z = np.empty((len(x), times, 2))
        z[:, 0] = np.stack([1.0 + 0.5 * x[:, 1], -0.5 * x[:, 1]], axis=1)
        for k in range(1, times):
            z[:, k] = z[:, k - 1] @ turn.T + 0.1 * x[:, :1] * np.array([1.0, 0.5])
        return z

    return trajectories


@pytest.fixture(scope="session")
def draw() -> Callable[[int, int], np.ndarray]:
    """draw(n, seed): parameters (n, 2) of zero mean and about unit variance."""
    return lambda n, seed: np.random.default_rng(seed).uniform(-1.7, 1.7, (n, 2))
