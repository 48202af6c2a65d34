"""New runs let into a basis without the old ones being read again, with a bound on what that loses."""

from __future__ import annotations

from typing import Any

import numpy as np

from fieldwright.surrogates.reductions import Matrix
from fieldwright.surrogates.reductions.pod.stripes import stripe_width


def energy_of_more_modes(spectrum: np.ndarray, r: int, total: float) -> float:
    """What another r modes would hold: the sum of s_i^2 for i = r + 1..2 r, where s ends before, at most."""
    next_values = spectrum[r : 2 * r]
    missing = (r - len(next_values)) * spectrum[-1] ** 2
    return float((next_values**2).sum() + min(missing, max(0.0, total - (spectrum**2).sum())))


class Grown:
    """The old runs as their modes times singular values, then the new runs: a matrix with as many columns.

    Its scatter is that of all runs, old ones truncated: with n old, k new snapshots, means a and b,

        S = U^T s^2 U + sum_new (x - b)(x - b)^T + n k / (n + k) (b - a)(b - a)^T,

    so its rows are s U (r), x - b (k), and, where centred, sqrt(n k / (n + k)) (b - a) (Brand 2006; Ross et al.
    2008). What truncation left out is a positive part of the full scatter: the energy that r modes of a full
    recomputation hold exceeds that of the update by at most the r largest squares left out (Ky Fan 1951).
    """

    def __init__(
        self, basis: np.ndarray, s: np.ndarray, mean: np.ndarray, n: int, centre: bool, snapshots: Matrix
    ) -> None:
        self.basis, self.s, self.mean, self.n, self.centre = basis, s, mean, n, centre
        self.snapshots = snapshots
        self.k = snapshots.shape[0] - n
        self.shape = (len(basis) + self.k + int(centre), snapshots.shape[1])
        self.dtype = np.dtype(np.float64)
        self.chunks = getattr(snapshots, "chunks", None)

    def __getitem__(self, key: Any) -> np.ndarray:
        _, columns = key
        new = np.asarray(self.snapshots[self.n :, columns], dtype=np.float64)
        old = self.s[:, None] * self.basis[:, columns]
        if not self.centre:
            return np.vstack([old, new])[key[0]]
        mean = new.mean(axis=0)
        step = np.sqrt(self.n * self.k / (self.n + self.k)) * (mean - self.mean[columns])
        return np.vstack([old, new - mean, step])[key[0]]

    def mean_of_all(self, memory: int) -> np.ndarray:
        """Mean of old and new runs (m,), read stripe by stripe."""
        if not self.centre:
            return self.mean
        share = self.k / (self.n + self.k)
        mean = self.mean.copy()
        width = stripe_width(self, memory)
        for a in range(0, self.shape[1], width):
            new = np.asarray(self.snapshots[self.n :, a : a + width], dtype=np.float64).mean(axis=0)
            mean[a : a + width] += share * (new - mean[a : a + width])
        return mean
