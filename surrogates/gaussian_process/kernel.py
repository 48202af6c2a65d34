"""The covariance of the Gaussian process and its hyperparameters, for many outputs at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch

LEAST_NOISE = 1e-8
"""Variance floor of outputs of unit variance: keeps the covariance matrix well conditioned in float64."""
LENGTHSCALES = (1e-2, 1e4)
OUTPUTSCALES = (1e-3, 1e3)
LINEAR = (1e-6, 1e3)
PRIOR_VARIANCE = 3.0
"""Of the logarithm of a lengthscale, about `prior_centre`."""


def prior_centre(p: int) -> float:
    """sqrt(2) + log(p) / 2, the prior mean of log lengthscales: the more inputs, the smoother in each.

    Source: Hvarfner, Hellsten & Nardi, Vanilla Bayesian optimization performs great in high dimensions,
    ICML 2024.
    """
    return math.sqrt(2.0) + 0.5 * math.log(p)


@dataclass(frozen=True, eq=False)
class Hyperparameters:
    """Of r outputs over p inputs; outputs and inputs are standardised.

    lengthscale: (r, p). outputscale: (r,) variance of the Matern part. linear: (r, p) variances of the
    slopes, zero for none. noise: (r,) variance. constant: (r,) mean.
    """

    lengthscale: torch.Tensor
    outputscale: torch.Tensor
    linear: torch.Tensor
    noise: torch.Tensor
    constant: torch.Tensor

    def to(self, device: str) -> Hyperparameters:
        """The same on another device."""
        return Hyperparameters(**{item.name: getattr(self, item.name).to(device) for item in fields(self)})


def matern52(distance: torch.Tensor) -> torch.Tensor:
    """(1 + sqrt(5) d + 5 d^2/3) exp(-sqrt(5) d) of scaled distances d. Source: Rasmussen & Williams, (4.17)."""
    scaled = math.sqrt(5.0) * distance
    return (1.0 + scaled + scaled**2 / 3.0) * torch.exp(-scaled)


def distance(a: torch.Tensor, b: torch.Tensor, lengthscale: torch.Tensor) -> torch.Tensor:
    """(r, q, n) distances of a (q, p) and b (n, p), every input in units of its lengthscale (r, p)."""
    mode = "donot_use_mm_for_euclid_dist"
    return torch.cdist(a / lengthscale[:, None], b / lengthscale[:, None], compute_mode=mode)


def covariance(a: torch.Tensor, b: torch.Tensor, hyper: Hyperparameters) -> torch.Tensor:
    """k(a, b) (r, q, n) = outputscale * matern52(d(a, b)) + sum_j linear_j a_j b_j, without noise."""
    smooth = hyper.outputscale[:, None, None] * matern52(distance(a, b, hyper.lengthscale))
    return smooth + (a * hyper.linear[:, None]) @ b.T


def noisy_covariance(x: torch.Tensor, hyper: Hyperparameters) -> torch.Tensor:
    """K = k(x, x) + noise I (r, n, n) of the observations at x (n, p)."""
    return covariance(x, x, hyper) + hyper.noise[:, None, None] * torch.eye(len(x), dtype=x.dtype)


def prior_variance(x: torch.Tensor, hyper: Hyperparameters) -> torch.Tensor:
    """k(x, x) (r, q) of each query with itself, without noise."""
    return hyper.outputscale[:, None] + (x**2 @ hyper.linear.T).T
