"""The equations of radial basis functions with any smoothing, and what they say of each run without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.regression.radial_kernels import RadialKernel

SINGULAR = 1e-12
LEAST_EIGENVALUE = 1e-13
"""Relative to the largest: what is less is round-off."""


@dataclass(frozen=True, eq=False)
class RadialSystem:
    """(Phi + l I) c + P d = z, P^T c = 0, for all l by one factorisation.

    With an orthonormal Q of the complement of the polynomials P, Q^T Phi Q = V diag(s) V^T and W = Q V,
    c = W diag(1 / (s + l)) W^T z. The error at run i if it were left out is c_i / sum_k W_ik^2 / (s_k + l).

    kernel_matrix: Phi (n, n). polynomials: P (n, m). spectrum: s (k,). vectors: W (n, k).

    References
    ----------
    Rippa, An algorithm for selecting a good value for the parameter c in radial basis function interpolation, Adv.
    Comput. Math. 11, 1999; Wahba, Spline Models for Observational Data, 1990, chapter 4.
    """

    kernel_matrix: np.ndarray
    polynomials: np.ndarray
    spectrum: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, kernel: RadialKernel) -> Self:
        """The system of the places x (n, p), no two of which are equal."""
        matrix, terms = kernel.values(squared_distances(x, x)), kernel.polynomials(x)
        complement = np.eye(len(x))
        if terms.shape[1]:
            left, size, _ = np.linalg.svd(terms)
            complement = left[:, int(np.sum(size > SINGULAR * size.max())) :]
        spectrum, vectors = np.linalg.eigh(complement.T @ matrix @ complement)
        return cls(matrix, terms, spectrum, complement @ vectors)

    @property
    def scale(self) -> float:
        """The mean of the eigenvalues, the unit of the smoothing."""
        return float(self.spectrum.clip(0.0).mean()) if len(self.spectrum) else 1.0

    def weights(self, z: np.ndarray, smoothing: float) -> np.ndarray:
        """The c (n, r) for z (n, r)."""
        return (self.vectors / self._shifted(smoothing)) @ (self.vectors.T @ z)

    def polynomial_weights(self, z: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The d (m, r) that belong to z and weights, each (n, r); l c has no part in it, as P^T c = 0."""
        return np.linalg.lstsq(self.polynomials, z - self.kernel_matrix @ weights, rcond=SINGULAR)[0]

    def left_out(self, z: np.ndarray, weights: np.ndarray, smoothing: float) -> np.ndarray:
        """The error (n, r) at each run if it were left out; that of the mean where the others decide nothing."""
        diagonal = np.sum(self.vectors**2 / self._shifted(smoothing), axis=1)
        decided = diagonal > SINGULAR * diagonal.max(initial=0.0)
        errors = z - z.mean(axis=0)
        errors[decided] = weights[decided] / diagonal[decided, None]
        return errors

    def left_out_together(self, rows: np.ndarray, weights: np.ndarray, smoothing: float) -> np.ndarray:
        """The errors (b, r) at the rows (b,) if all of them were left out, (A^-1)_BB e_B = c_B."""
        some = self.vectors[rows]
        block = (some / self._shifted(smoothing)) @ some.T
        return np.linalg.pinv(block, rcond=SINGULAR, hermitian=True) @ weights[rows]

    def _shifted(self, smoothing: float) -> np.ndarray:
        # Runs without parameters have no distances: all eigenvalues are zero.
        largest = self.spectrum.max(initial=0.0) or 1.0
        return np.maximum(self.spectrum, 0.0) + max(smoothing, LEAST_EIGENVALUE * largest)


def squared_distances(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Between x (n, p) and centres (c, p), (n, c)."""
    # Its import takes longer than reading a study file, which needs the settings alone.
    from scipy.spatial.distance import cdist

    return cdist(x, centres, "sqeuclidean")
