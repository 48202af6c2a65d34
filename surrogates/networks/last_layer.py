"""The last, linear layer of a network as a Bayesian regression: its evidence, slope by slope, and its posterior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LEAST_SQUARES = 1e-10
"""Added to the sum of squares of an output, which may be constant."""


class Evidence(NamedTuple):
    """-log p(z), up to a constant, summed over the outputs, and its slopes.

    by_features: (n, k). by_noise: (r,), by the logarithm of each noise ratio.
    """

    value: float
    by_features: np.ndarray
    by_noise: np.ndarray


def evidence(phi: np.ndarray, z: np.ndarray, noise: np.ndarray) -> Evidence:
    """Of z = phi w + e with w ~ N(0, a) and e ~ N(0, a noise) for each of r outputs, at its best a.

    With S = phi phi^T + noise I, a = z^T S^-1 z / n and -log p(z) = (n log a + log det S) / 2 + const. One
    eigendecomposition, of phi^T phi or of phi phi^T, whichever is smaller, serves all outputs.
    phi: (n, k) features. z: (n, r). noise: (r,) ratio of the variances of noise and weights.
    Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, 5.4.1.
    """
    n, k = phi.shape
    if k <= n:
        size, vectors = np.linalg.eigh(phi.T @ phi)
        size = np.maximum(size, 0.0)[:, None]
        inverse = 1.0 / (size + noise)
        weights = inverse * (vectors.T @ (phi.T @ z))
        residual = z - phi @ (vectors @ weights)
        solved = residual / noise
        squares = (residual**2).sum(axis=0) / noise + (weights**2).sum(axis=0)
        log_det = np.log(size + noise).sum(axis=0) + (n - k) * np.log(noise)
        trace = inverse.sum(axis=0) + (n - k) / noise
        of_det = phi @ ((vectors * inverse.sum(axis=1)) @ vectors.T)
    else:
        size, vectors = np.linalg.eigh(phi @ phi.T)
        size = np.maximum(size, 0.0)[:, None]
        inverse = 1.0 / (size + noise)
        rotated = vectors.T @ z
        solved = vectors @ (inverse * rotated)
        squares = (inverse * rotated**2).sum(axis=0)
        log_det, trace = np.log(size + noise).sum(axis=0), inverse.sum(axis=0)
        of_det = (vectors * inverse.sum(axis=1)) @ (vectors.T @ phi)
    squares = squares + LEAST_SQUARES
    amplitude = squares / n
    return Evidence(
        float(0.5 * (n * np.log(squares) + log_det).sum()),
        of_det - (solved / amplitude) @ (solved.T @ phi),
        0.5 * noise * (trace - (solved**2).sum(axis=0) / amplitude),
    )


@dataclass(frozen=True, eq=False)
class LastLayer:
    """Mean phi m and variance a noise (1 + sum_k (phi v_k)^2 / (s_k + noise)) at features phi.

    mean: m (k, r). vectors: v (k, k). inverse: 1 / (s + noise), (k, r). variance: a noise, (r,).
    """

    mean: np.ndarray
    vectors: np.ndarray
    inverse: np.ndarray
    variance: np.ndarray

    @classmethod
    def of(cls, phi: np.ndarray, z: np.ndarray, noise: np.ndarray) -> LastLayer:
        """After runs of features phi (n, k) and outputs z (n, r)."""
        size, vectors = np.linalg.eigh(phi.T @ phi)
        inverse = 1.0 / (np.maximum(size, 0.0)[:, None] + noise)
        weights = inverse * (vectors.T @ (phi.T @ z))
        mean = vectors @ weights
        squares = ((z - phi @ mean) ** 2).sum(axis=0) + noise * ((weights**2).sum(axis=0) + LEAST_SQUARES)
        return cls(mean, vectors, inverse, squares / len(z))

    def left_out(self, phi: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance, each (n, r), at each of its own runs, by the other runs alone.

        Source: Allen, Technometrics 16, 1974: the residual over one minus the leverage.
        """
        remainder = np.maximum(1.0 - (phi @ self.vectors) ** 2 @ self.inverse, 1e-8)
        return z - (z - phi @ self.mean) / remainder, self.variance / remainder
