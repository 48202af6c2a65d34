"""From a Gram matrix to singular values, how far they can be trusted, and how many are wanted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import ModelError

EPS = float(np.finfo(np.float64).eps)
TRUSTED = 1e-7
"""Relative error of a singular value above which the Gram matrix of another reading is asked."""


@dataclass(frozen=True)
class Criterion:
    """How many modes are wanted: the fewest that meet `energy` and `error`, and never more than `rank`.

    energy: fraction of the sum of squared singular values to hold.
    error: relative projection error |X - P X| / |X| (Frobenius norm, centred snapshots) to reach.
    """

    rank: int | None = None
    energy: float | None = None
    error: float | None = None

    def modes(self, s: np.ndarray, total: float) -> int:
        """Number of modes for the leading singular values s of a matrix whose squares sum up to `total`."""
        left_out = np.concatenate([np.cumsum((s**2)[::-1])[::-1], [0.0]])
        left_out += max(0.0, total - left_out[0])
        allowed = []
        if self.energy is not None:
            allowed.append((1.0 - self.energy) * total)
        if self.error is not None:
            allowed.append(self.error**2 * total)
        fewest = len(s)
        if allowed:
            reached = left_out <= min(allowed) * (1.0 + 1e-9)
            fewest = int(np.argmax(reached)) if reached.any() else len(s)
        return max(1, min(fewest, self.rank or len(s)))


def eigen(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values s, falling, and left singular vectors V of X from G = X X^T = V s^2 V^T; raises ModelError."""
    values, vectors = np.linalg.eigh(gram)
    if values[0] < -1e-6 * abs(values[-1]):
        raise ModelError(
            "An inner product must be positive definite",
            f"a negative energy, {values[0] / values[-1]:.1e} of the largest",
            "Check the mass matrix, or give cell volumes instead",
        )
    return np.sqrt(np.maximum(values[::-1], 0.0)), vectors[:, ::-1]


def gram_error(s: np.ndarray) -> np.ndarray:
    """Expected relative error of singular values taken from a Gram matrix: eps (s_1 / s_i)^2.

    Forming X X^T squares the condition number: rounding moves every eigenvalue s^2 by some eps s_1^2, so values
    below sqrt(eps) s_1, about 1e-8 of the first, are lost (Golub & Van Loan, Matrix Computations, 8.6).
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(s > 0, EPS * (s[0] / s) ** 2, np.inf)


def mixing(s: np.ndarray, v: np.ndarray) -> np.ndarray:
    """(p, n) matrix T = D V^T that scales X to T X of condition number 1e8 at most; D = 1 / max(s, 1e-8 s_1)."""
    return v.T / np.maximum(s, 1e-8 * s[0])[:, None]


def refined(s: np.ndarray, v: np.ndarray, mixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Singular values and left vectors to eps s_1 absolute, from the Gram matrix of T X, T = mixing(s, v).

    With T X X^T T^T = Q L Q^T one has X = V D^-1 Q L^1/2 P^T with orthonormal P, so those of the small matrix
    V D^-1 Q L^1/2 are those of X. The Gram matrix of T X is as harmless as X is after a QR step: this is the
    repetition that makes Cholesky QR stable (Yamamoto et al. 2015), with eigenvectors in place of the factor.
    """
    root, q = eigen(mixed)
    small = (np.maximum(s, 1e-8 * s[0])[:, None] * q) * root
    w, s_new, _ = np.linalg.svd(small)
    return s_new, v @ w
