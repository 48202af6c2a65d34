"""Interpolation by cubic radial basis functions, and its leave-one-out errors at no further cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.spatial.distance import cdist

from surrogates.places import Pooled

SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class CubicRBF:
    """s(x) = sum_i c_i |x - x_i|^3 + d_0 + d^T x with sum_i c_i = 0 and sum_i c_i x_i = 0.

    Source: Fasshauer, Meshfree Approximation Methods with MATLAB, 2007, chapter 6.

    centres: (n, p). weights: (n + 1 + p, r), the c above the d.
    """

    centres: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(cls, x: np.ndarray, z: np.ndarray) -> tuple[Self, np.ndarray]:
        """The interpolant of z (n, r) at x (n, p), and its leave-one-out errors (n, r).

        The error at a run if it were left out is c_i / (A^-1)_ii of the interpolation matrix A (Rippa 1999;
        with the polynomial part: Fasshauer & Zhang 2007). Runs of one place count by their mean, and are left out
        together.
        """
        pooled, every = Pooled.of(x, z), z
        x, z = pooled.x, pooled.z
        n, p = x.shape
        tail = np.hstack([np.ones((n, 1)), x])
        matrix = np.block([[cdist(x, x) ** 3, tail], [tail.T, np.zeros((p + 1, p + 1))]])
        inverse = np.linalg.pinv(matrix, rcond=SINGULAR, hermitian=True)
        weights = inverse[:, :n] @ z
        diagonal = np.diag(inverse)[:n]
        largest = np.abs(diagonal).max(initial=0.0)
        decided = np.abs(diagonal) > SINGULAR * largest if largest > 0.0 else np.zeros(n, dtype=bool)
        errors = np.tile(z - z.mean(axis=0), 1)
        errors[decided] = weights[:n][decided] / diagonal[decided, None]
        return cls(x, weights), pooled.left_out(errors, every)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (q, r) at x (q, p)."""
        n = len(self.centres)
        return cdist(x, self.centres) ** 3 @ self.weights[:n] + self.weights[n] + x @ self.weights[n + 1 :]

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """d s_r / d x_j (q, r, p) at x (q, p): 3 sum_i c_i |x - x_i| (x - x_i) + d."""
        n = len(self.centres)
        apart = x[:, None] - self.centres
        slope = 3.0 * np.linalg.norm(apart, axis=-1, keepdims=True) * apart
        return np.einsum("qnj,nr->qrj", slope, self.weights[:n]) + self.weights[n + 1 :].T
