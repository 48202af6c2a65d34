"""Hyperparameters by maximum posterior likelihood, one output after another, with analytic gradients."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from scipy.optimize import minimize

from surrogates.gaussian_process.kernel import (
    LEAST_NOISE,
    LENGTHSCALES,
    LINEAR,
    OUTPUTSCALES,
    PRIOR_VARIANCE,
    Hyperparameters,
    matern52,
    noisy_covariance,
    prior_centre,
)

DRAWS = 8
"""Random starting points that are looked at; the best of them are followed."""
SPREAD = 1.0
FAILED = 1e10
"""In place of the likelihood where the covariance cannot be factored."""


class Objective:
    """Negative log marginal likelihood of one output, plus the prior of the lengthscales, and its gradient.

    f = (z - c)^T K^-1 (z - c) / 2 + log|K| / 2 + n log(2 pi) / 2 - log prior, with c = 1^T K^-1 z / 1^T
    K^-1 1, and df/dt = tr((K^-1 - a a^T) dK/dt) / 2, a = K^-1 (z - c). Source: Rasmussen & Williams, (5.8)
    and (5.9). Prior: log lengthscale ~ N(prior_centre(p), PRIOR_VARIANCE).

    theta: logarithms of p lengthscales, outputscale, noise, and, with a linear part, p slope variances.
    """

    def __init__(self, x: np.ndarray, linear: bool) -> None:
        self.x = torch.from_numpy(np.ascontiguousarray(x))
        self.squares = (self.x[:, None] - self.x[None]).square().permute(2, 0, 1).contiguous()
        self.p, self.linear = x.shape[1], linear
        self.bounds = [
            *([tuple(np.log(LENGTHSCALES))] * self.p),
            tuple(np.log(OUTPUTSCALES)),
            (math.log(LEAST_NOISE), 0.0),
            *([tuple(np.log(LINEAR))] * (self.p if linear else 0)),
        ]
        self.centre = prior_centre(self.p)

    def start(self) -> np.ndarray:
        """A point that suits smooth functions."""
        return np.array(
            [*[self.centre - 1.0] * self.p, 0.0, math.log(1e-4), *[math.log(0.3)] * (self.p * self.linear)]
        )

    def __call__(self, theta: np.ndarray, z: torch.Tensor) -> tuple[float, np.ndarray]:
        """Value and gradient at theta for the output z (n,)."""
        p, n = self.p, len(z)
        weight = torch.from_numpy(np.exp(-2.0 * theta[:p]))
        outputscale, noise = math.exp(theta[p]), math.exp(theta[p + 1])
        slopes = torch.from_numpy(np.exp(theta[p + 2 :]))
        scaled = torch.tensordot(weight, self.squares, dims=1).sqrt_()
        smooth = outputscale * matern52(scaled)
        covariance = smooth + (self.x * slopes) @ self.x.T if self.linear else smooth.clone()
        covariance.diagonal().add_(noise)
        factor, failed = torch.linalg.cholesky_ex(covariance)
        if failed:
            return FAILED, np.zeros_like(theta)
        inverse = torch.cholesky_inverse(factor)
        residual = z - best_mean(inverse.sum(dim=1), z)
        solved = inverse @ residual
        value = 0.5 * residual @ solved + factor.diagonal().log().sum() + 0.5 * n * math.log(2 * math.pi)
        pull = inverse - torch.outer(solved, solved)
        # d matern52 / d log l_j = 5/3 (1 + sqrt(5) d) exp(-sqrt(5) d) (x_j - x'_j)^2 / l_j^2
        root = math.sqrt(5.0) * scaled
        slope = pull * ((5.0 / 3.0 * outputscale) * (1.0 + root) * torch.exp(-root))
        gradient = np.empty_like(theta)
        gradient[:p] = 0.5 * (weight * torch.tensordot(self.squares, slope, dims=2)).numpy()
        gradient[:p] += (theta[:p] - self.centre) / PRIOR_VARIANCE
        gradient[p] = 0.5 * float((pull * smooth).sum())
        gradient[p + 1] = 0.5 * noise * float(pull.diagonal().sum())
        if self.linear:
            gradient[p + 2 :] = 0.5 * (slopes * ((pull @ self.x) * self.x).sum(dim=0)).numpy()
        prior = float(np.sum((theta[:p] - self.centre) ** 2)) / (2.0 * PRIOR_VARIANCE)
        return float(value) + prior, gradient

    def minimum(self, z: torch.Tensor, starts: list[np.ndarray], followed: int) -> np.ndarray:
        """The best theta for z that L-BFGS reaches from the `followed` most promising starts."""
        promising = sorted(starts, key=lambda theta: self(theta, z)[0])[:followed]
        ends = [minimize(self, theta, (z,), "L-BFGS-B", jac=True, bounds=self.bounds) for theta in promising]
        return min(ends, key=lambda end: end.fun).x


def fit_hyperparameters(
    x: np.ndarray, z: np.ndarray, *, linear: bool, restarts: int, seed: int
) -> Hyperparameters:
    """Of every column of z (n, r) over x (n, p).

    Each output starts from the common start, from the optimum of the output before (neighbouring modes of a
    field vary alike) and from seeded draws round them; L-BFGS follows the most promising 1 + restarts.
    """
    rng = np.random.default_rng(seed)
    objective = Objective(x, linear)
    lower, upper = np.array(objective.bounds).T
    optima: list[np.ndarray] = []
    for column in torch.from_numpy(np.ascontiguousarray(z.T)):
        starts = [objective.start(), *optima[-1:]]
        drawn = [
            starts[0] + rng.normal(scale=SPREAD, size=len(lower)) for _ in range(DRAWS if restarts else 0)
        ]
        starts += [theta.clip(lower, upper) for theta in drawn]
        optima.append(objective.minimum(column, starts, 1 + restarts))
    theta = torch.from_numpy(np.array(optima)).exp()
    p, r = x.shape[1], len(optima)
    inputs, outputs = torch.from_numpy(x), torch.from_numpy(z)
    hyper = Hyperparameters(
        lengthscale=theta[:, :p].contiguous(),
        outputscale=theta[:, p].contiguous(),
        linear=theta[:, p + 2 :].contiguous() if linear else theta.new_zeros(r, p),
        noise=theta[:, p + 1].contiguous(),
        constant=theta.new_zeros(r),
    )
    factor = torch.linalg.cholesky(noisy_covariance(inputs, hyper))
    ones = torch.cholesky_solve(factor.new_ones(r, len(x), 1), factor)[..., 0]
    return replace(hyper, constant=best_mean(ones, outputs.T))


def best_mean(ones: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """The mean 1^T K^-1 z / 1^T K^-1 1 of highest likelihood, of ones = K^-1 1 and z, both (..., n)."""
    return (ones * z).sum(dim=-1) / ones.sum(dim=-1)
