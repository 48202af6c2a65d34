"""Ridge regression as a linear smoother: what it says of any runs without them, at no second fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.regression.extrapolation import Refitted, block_errors


@dataclass(frozen=True, eq=False)
class Smoother:
    """H = 1/n + P diag(shrinkage) P^T: z -> H z, the fitted values, with a constant that has no prior.

    With weights w ~ N(0, 1/lambda) and noise N(0, 1/alpha), P holds the principal coordinates of the centred terms
    and shrinkage = alpha / (lambda + alpha g), g their squared lengths. Source: Hastie, Tibshirani & Friedman, The
    Elements of Statistical Learning, 3.4.1.

    principal: (n, k). shrinkage: (k,). noise: 1/alpha.
    """

    principal: np.ndarray
    shrinkage: np.ndarray
    noise: float

    @classmethod
    def by_eigenvectors(cls, principal: np.ndarray, gram: np.ndarray, alpha: float, precision: float) -> Self:
        """From principal coordinates (n, k) and their squared lengths (k,)."""
        return cls(principal, alpha / (precision + alpha * gram), 1.0 / alpha)

    def fitted(self, z: np.ndarray) -> np.ndarray:
        """H z (n, r)."""
        return z.mean(axis=0) + self.principal @ (self.shrinkage[:, None] * (self.principal.T @ z))

    def refitted(self, z: np.ndarray) -> Refitted:
        """Errors at rows that are left out together, as a function of the rows."""
        residual = z - self.fitted(z)

        def errors(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            some = self.principal[rows]
            hat = (some * self.shrinkage) @ some.T + 1.0 / len(z)
            return block_errors(hat, residual[rows], np.full(z.shape[1], self.noise))

        return errors
