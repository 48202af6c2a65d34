"""Bayesian ridge regression of many outputs on the same terms: both precisions of each maximise its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.regression.smoother import Smoother

SHAPE, RATE = 1e-6, 1e-12
"""Of the Gamma priors of both precisions, both vague: noise down to 1e-6 of the spread can be learned."""
MOST_ITERATIONS = 300
TOLERANCE = 1e-3
"""Sum of the changes of the weights, below which an output has converged."""


@dataclass(frozen=True, eq=False)
class RidgeEvidence:
    """z = mean z + w^T (phi - mean phi) + noise, w ~ N(0, 1/precision), noise ~ N(0, 1/alpha), for r outputs.

    weights: (k, r). alpha, precision, evidence: (r,); evidence is the logarithm, with the priors of both precisions.
    """

    weights: np.ndarray
    alpha: np.ndarray
    precision: np.ndarray
    evidence: np.ndarray


@dataclass(frozen=True, eq=False)
class CentredTerms:
    """Phi - mean Phi = U diag(size) V^T for terms Phi (n, k): one factorisation serves all outputs.

    left: U (n, m), m = min(n, k). size: (m,). right: V^T (m, k).
    """

    left: np.ndarray
    size: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, phi: np.ndarray) -> Self:
        """Of terms phi (n, k), without the constant. Raises numpy.linalg.LinAlgError where LAPACK fails."""
        return cls(*np.linalg.svd(phi - phi.mean(axis=0), full_matrices=False))

    def smoother(self, alpha: float, precision: float) -> Smoother:
        """The regression at these precisions as a linear smoother."""
        return Smoother.by_eigenvectors(self.left * self.size, self.size**2, alpha, precision)

    def maximised(self, z: np.ndarray) -> RidgeEvidence:
        """The precisions of highest evidence for outputs z (n, r), by MacKay's fixed point.

        With gamma the number of weights that the data fix, precision = gamma / |w|^2 and alpha = (n - gamma) /
        |residual|^2, in turn with the weights. Source: MacKay, Neural Computation 4, 1992; it is the algorithm of
        scikit-learn's BayesianRidge, for all outputs at once.
        """
        gram = (self.size**2)[:, None]
        centred = z - z.mean(axis=0)
        along = self.left.T @ centred
        # What no weight explains, and the share of the rest that the prior leaves unexplained.
        beyond = np.sum((centred - self.left @ along) ** 2, axis=0)
        alpha = 1.0 / (z.var(axis=0) + np.finfo(np.float64).eps)
        precision = np.ones(z.shape[1])
        weights = np.zeros((self.right.shape[1], z.shape[1]))
        live = np.arange(z.shape[1])
        for iteration in range(MOST_ITERATIONS):
            a, p = alpha[live], precision[live]
            new, residual = self._weights(gram, along[:, live], beyond[live], p / a)
            fixed = np.sum(a * gram / (p + a * gram), axis=0)
            precision[live] = (fixed + 2.0 * SHAPE) / (np.sum(new**2, axis=0) + 2.0 * RATE)
            alpha[live] = (len(z) - fixed + 2.0 * SHAPE) / (residual + 2.0 * RATE)
            moved = np.sum(np.abs(new - weights[:, live]), axis=0) >= TOLERANCE
            weights[:, live] = new
            if iteration:
                live = live[moved]
            if not len(live):
                break
        weights, residual = self._weights(gram, along, beyond, precision / alpha)
        squares = np.sum(weights**2, axis=0)
        return RidgeEvidence(
            weights, alpha, precision, self._evidence(len(z), gram, alpha, precision, squares, residual)
        )

    def _weights(
        self, gram: np.ndarray, along: np.ndarray, beyond: np.ndarray, ratio: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Weights (k, r) and squares of the residuals (r,) at precision / alpha = ratio (r,)."""
        shrunk = along / (gram + ratio)
        return self.right.T @ (self.size[:, None] * shrunk), beyond + np.sum((ratio * shrunk) ** 2, axis=0)

    def _evidence(
        self,
        n: int,
        gram: np.ndarray,
        alpha: np.ndarray,
        precision: np.ndarray,
        squares: np.ndarray,
        residual: np.ndarray,
    ) -> np.ndarray:
        terms = self.right.shape[1]
        volume = np.sum(np.log(precision + alpha * gram), axis=0) + (terms - len(gram)) * np.log(precision)
        likelihood = terms * np.log(precision) + n * np.log(alpha) - alpha * residual - precision * squares
        priors = SHAPE * np.log(precision) - RATE * precision + SHAPE * np.log(alpha) - RATE * alpha
        return priors + 0.5 * (likelihood - volume - n * np.log(2.0 * np.pi))
