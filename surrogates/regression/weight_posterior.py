"""The Gaussian posterior of a linear model's weights, run by run: Bayesian linear regression in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class WeightPosterior:
    """w ~ N(mean, covariance) of z = w^T phi + noise, noise ~ N(0, noise) with known variances.

    After runs Phi (n, k), z (n,) and from the prior N(0, S_0): S^-1 = S_0^-1 + Phi^T Phi / noise, mean = S Phi^T z /
    noise; at a query the variance is noise + phi^T S phi. Source: Bishop, Pattern Recognition and Machine Learning,
    3.3.

    mean: (k,). covariance: (k, k). noise: variance of one observation.
    """

    mean: np.ndarray
    covariance: np.ndarray
    noise: float

    @classmethod
    def prior(cls, variance: np.ndarray, noise: float) -> Self:
        """Before any run: independent weights of zero mean and these variances (k,)."""
        return cls(np.zeros(len(variance)), np.diag(variance), noise)

    def update(self, phi: np.ndarray, z: float) -> Self:
        """The posterior after one more run with features phi (k,) and answer z, by a rank-one update.

        S' = S - S phi phi^T S / v, mean' = mean + S phi (z - mean^T phi) / v, v = noise + phi^T S phi.
        """
        along = self.covariance @ phi
        variance = self.noise + float(phi @ along)
        covariance = self.covariance - np.outer(along, along) / variance
        mean = self.mean + along * ((z - float(phi @ self.mean)) / variance)
        return type(self)(mean, (covariance + covariance.T) / 2.0, self.noise)

    def predict(self, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance (q,) of an observation with features phi (q, k)."""
        return phi @ self.mean, self.noise + np.sum((phi @ self.covariance) * phi, axis=1)

    def draws(self, count: int, seed: int) -> np.ndarray:
        """(count, k) weights drawn from the posterior."""
        rng = np.random.default_rng(seed)
        return rng.multivariate_normal(self.mean, self.covariance, size=count, method="eigh")
