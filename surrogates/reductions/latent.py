"""The latent coordinates of the training runs as a cloud: how far off a run lies, new runs like the old."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from scipy.special import fdtr

from fieldwright.data.errors import ModelError


class LatentCloud:
    """Mean and covariance of latent coordinates z (n, r) of training runs.

    Directions whose spread is below 1e-10 of the largest count as having that spread, so that a run which leaves
    them lies far off and nothing is divided by zero.
    """

    def __init__(self, latent: np.ndarray) -> None:
        n, r = latent.shape
        if n < 2:
            raise ModelError("A cloud needs at least 2 training runs", str(n), "Add runs")
        self.n = n
        self.mean = latent.mean(axis=0)
        _, s, axes = np.linalg.svd((latent - self.mean) / np.sqrt(n - 1), full_matrices=True)
        spread = np.zeros(r)
        spread[: len(s)] = s
        self.spread = np.maximum(spread, 1e-10 * (spread[0] or 1.0))
        """(r,) standard deviations along the axes, falling."""
        self.axes = axes
        """(r, r) principal directions, rows."""

    def distance(self, latent: np.ndarray) -> np.ndarray:
        """Mahalanobis distance (q,) of z (q, r): sqrt((z - mean) C^-1 (z - mean)), in standard deviations."""
        return np.linalg.norm(((latent - self.mean) @ self.axes.T) / self.spread, axis=1)

    def surprise(self, latent: np.ndarray) -> np.ndarray:
        """(q,) in 0..1: the fraction of new runs of the same normal distribution that lie nearer than z (q, r).

        d^2 n (n - r) / (r (n^2 - 1)) follows F(r, n - r) (Hotelling 1931). With no more runs than coordinates
        nothing can be said, and the answer is NaN.
        """
        n, r = self.n, len(self.mean)
        if n <= r:
            return np.full(len(latent), np.nan)
        squares = self.distance(latent) ** 2
        return fdtr(r, n - r, squares * n * (n - r) / (r * (n * n - 1)))

    def sample(self, count: int, seed: int) -> np.ndarray:
        """New latent coordinates (count, r) of the normal distribution of the training runs."""
        normal = np.random.default_rng(seed).standard_normal((count, len(self.mean)))
        return self.mean + (normal * self.spread) @ self.axes

    def between(self, start: np.ndarray, end: np.ndarray, count: int) -> np.ndarray:
        """`count` points (count, r) on the straight way from one run's z (r,) to another's, both included."""
        return start + np.linspace(0.0, 1.0, count)[:, None] * (end - start)

    def state(self) -> dict[str, np.ndarray]:
        """Named arrays."""
        return {"n": np.array(self.n), "mean": self.mean, "spread": self.spread, "axes": self.axes}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The cloud again."""
        cloud = cls.__new__(cls)
        cloud.n = int(state["n"])
        cloud.mean, cloud.spread, cloud.axes = (np.asarray(state[k]) for k in ("mean", "spread", "axes"))
        return cloud
