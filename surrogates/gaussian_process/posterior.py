"""The closed-form posterior of a Gaussian process with known hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.gaussian_process.prior import Prior
from fieldwright.surrogates.persistence.states import prefixed

ROUND_OFF = 2e-12
"""Of a difference of variances, relative to them: so much at most, with the least noise, by extended precision."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """mean = m + k*^T K^-1 (z - m), variance = k** - |L^-1 k*|^2 + noise, with K = k(X, X) + noise = L L^T.

    Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, algorithm 2.1.

    x: (n, p). hyper: of r outputs. weights: (r, n), K^-1 (z - m). inverse_factor: (r, n, n), L^-1, kept so
    that a batch of queries costs matrix products only.
    """

    x: torch.Tensor
    hyper: Prior
    weights: torch.Tensor
    inverse_factor: torch.Tensor

    @classmethod
    def condition(
        cls, x: torch.Tensor, z: torch.Tensor, hyper: Prior, noise: torch.Tensor | None = None
    ) -> Self:
        """The posterior given z (n, r) at x (n, p); noise: (r, n) variance of each, by `hyper` if None."""
        variance = hyper.noise_at(x) if noise is None else noise
        factor = cholesky(hyper.covariance(x, x) + torch.diag_embed(variance))
        eye = torch.eye(len(x), dtype=x.dtype, device=x.device).expand_as(factor)
        inverse = torch.linalg.solve_triangular(factor, eye, upper=False)
        whitened = inverse @ (z.T - hyper.mean(x))[..., None]
        weights = (inverse.mT @ whitened)[..., 0]
        # Contiguous as after `restore`, so that the same products give the same bits.
        return cls(x, hyper, weights.contiguous(), inverse.contiguous())

    def extended(self, x: torch.Tensor, z: torch.Tensor, noise: torch.Tensor | None = None) -> Self:
        """The posterior given also z (k, r) at x (k, p), with the hyperparameters there are, in O(n^2 k).

        [L 0; A^T S]^-1 = [L^-1 0; -S^-1 A^T L^-1 S^-1] with A = L^-1 k(X, x), S S^T = k(x, x) + noise - A^T A.
        """
        variance = self.hyper.noise_at(x) if noise is None else noise
        whitened = self.inverse_factor @ self.hyper.covariance(self.x, x)
        remainder = self.hyper.covariance(x, x) + torch.diag_embed(variance) - whitened.mT @ whitened
        eye = torch.eye(len(x), dtype=x.dtype, device=x.device).expand_as(remainder)
        corner = torch.linalg.solve_triangular(cholesky(remainder), eye, upper=False)
        below = -corner @ (whitened.mT @ self.inverse_factor)
        above = torch.cat([self.inverse_factor, torch.zeros_like(whitened)], dim=2)
        # L^-1 (z - m) of the runs there are, from the weights L^-T L^-1 (z - m).
        old = torch.linalg.solve_triangular(self.inverse_factor.mT, self.weights[..., None], upper=True)
        new = corner @ ((z.T - self.hyper.mean(x))[..., None] - whitened.mT @ old)
        inverse = torch.cat([above, torch.cat([below, corner], dim=2)], dim=1)
        weights = (inverse.mT @ torch.cat([old, new], dim=1))[..., 0]
        return type(self)(torch.cat([self.x, x]), self.hyper, weights.contiguous(), inverse)

    def predict(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and std, each (q, r), of a new observation at x (q, p)."""
        cross = self.hyper.covariance(x, self.x)
        mean = self.hyper.mean(x) + (cross @ self.weights[..., None])[..., 0]
        explained = (cross @ self.inverse_factor.mT).square().sum(dim=-1)
        before = self.hyper.variance(x)
        # What is left of the prior variance is known no better than this; on a run itself it can come out negative.
        latent = (before - explained).clamp(min=0.0) + ROUND_OFF * before
        return mean.T, torch.sqrt(latent + self.hyper.noise_at(x)).T

    def outputs(self, rows: torch.Tensor) -> Posterior:
        """That of some of the outputs."""
        return Posterior(self.x, self.hyper.outputs(rows), self.weights[rows], self.inverse_factor[rows])

    def to(self, device: str) -> Posterior:
        """The same on another device."""
        return Posterior(
            self.x.to(device), self.hyper.to(device), self.weights.to(device), self.inverse_factor.to(device)
        )

    def state(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        arrays = {"x": self.x, "weights": self.weights, "inverse_factor": self.inverse_factor}
        return {name: tensor.cpu().numpy() for name, tensor in arrays.items()} | prefixed(
            "hyper.", self.hyper.state()
        )

    @classmethod
    def restore(cls, hyper: Prior, state: Mapping[str, np.ndarray]) -> Self:
        """The posterior again."""
        names = ("x", "weights", "inverse_factor")
        x, weights, inverse = (torch.from_numpy(np.array(state[name])) for name in names)
        return cls(x, hyper, weights, inverse)


def cholesky(matrix: torch.Tensor) -> torch.Tensor:
    """The lower factors of symmetric matrices (r, n, n), with as little added to their diagonals as they need."""
    factor, failed = torch.linalg.cholesky_ex(matrix)
    diagonal = matrix.diagonal(dim1=1, dim2=2)
    jitter = 1e-14 * diagonal.mean(dim=1)
    while failed.any():
        jitter = torch.where(failed > 0, 10.0 * jitter, 0.0 * jitter)
        if not torch.isfinite(jitter).all():
            raise ModelError(
                "The covariance of the runs must be finite",
                "NaN or infinity",
                "Check the runs for such values",
            )
        matrix = matrix + torch.diag_embed(jitter[:, None].expand_as(diagonal))
        factor, failed = torch.linalg.cholesky_ex(matrix)
    return factor
