"""Temperature and bias that turn a network's log-odds into calibrated ones, with their own uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from fieldwright.data.errors import ModelError

LARGEST_LOG = 5.0
"""Bound of log(1 / temperature), far beyond any found."""


@dataclass(frozen=True, eq=False)
class Temperature:
    """calibrated = logit / temperature + bias.

    One temperature is Guo, Pleiss, Sun & Weinberger, On calibration of modern neural networks, ICML 2017; the
    bias takes back what weighing the classes has moved. covariance: (2, 2) of (1 / temperature, bias), from
    the curvature of the log-likelihood: what so few photos leave open. prevalence: share of cracks among the
    photos it was fitted on.
    """

    temperature: float
    bias: float
    covariance: np.ndarray
    prevalence: float

    @classmethod
    def fit(cls, logit: np.ndarray, cracked: np.ndarray) -> Self:
        """Maximises the likelihood of truths (n,) bool at log-odds (n,); raises ModelError where one class is
        absent.

        Of n1 cracks and n0 others the targets are (n1 + 1) / (n1 + 2) and 1 / (n0 + 2), not 1 and 0: a
        network that makes no mistake on a few hundred photos would else be sure beyond what so few can show.
        Source: Platt, Probabilistic outputs for support vector machines, 1999, section 2.2.
        """
        cracked = np.asarray(cracked, dtype=bool)
        positive, negative = int(cracked.sum()), int((~cracked).sum())
        if not positive or not negative:
            raise ModelError(
                "Photos to calibrate by must show both, cracks and none",
                f"{positive} with and {negative} without",
                "Add photos of the other class",
            )
        target = np.where(cracked, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))
        logit = np.asarray(logit, dtype=np.float64)

        def loss(v: np.ndarray) -> tuple[float, np.ndarray]:
            slope = np.exp(v[0])
            z = slope * logit + v[1]
            residual = expit(z) - target
            value = np.sum(np.logaddexp(0.0, z) - target * z)
            return float(value), np.array([np.sum(residual * logit) * slope, np.sum(residual)])

        bounds = [(-LARGEST_LOG, LARGEST_LOG), (None, None)]
        start = np.array([-np.log(max(float(np.std(logit)), 1e-3)), 0.0])
        solution = minimize(loss, np.clip(start, -LARGEST_LOG, LARGEST_LOG), jac=True, bounds=bounds).x
        slope, bias = float(np.exp(solution[0])), float(solution[1])
        p = expit(slope * logit + bias)
        design = np.stack([logit, np.ones_like(logit)], axis=1)
        information = (design * (p * (1.0 - p))[:, None]).T @ design
        return cls(1.0 / slope, bias, np.linalg.pinv(information), positive / len(cracked))

    def calibrated(self, logit: np.ndarray) -> np.ndarray:
        """Log-odds (...,) at the prevalence of the photos it was fitted on."""
        return logit / self.temperature + self.bias

    def variance(self, logit: np.ndarray) -> np.ndarray:
        """Variance (...,) of the calibrated log-odds for what temperature and bias leave open."""
        (slope, mixed), (_, bias) = self.covariance
        return np.maximum(slope * logit**2 + 2.0 * mixed * logit + bias, 0.0)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        numbers = np.array([self.temperature, self.bias, self.prevalence])
        return {"numbers": numbers, "covariance": self.covariance}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The temperature again."""
        temperature, bias, prevalence = state["numbers"].tolist()
        return cls(temperature, bias, state["covariance"], prevalence)
