"""The closed-form posterior of a Gaussian process with known hyperparameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from surrogates.gaussian_process.kernel import Hyperparameters, covariance, noisy_covariance, prior_variance

NAMES = ("lengthscale", "outputscale", "linear", "noise", "constant")


@dataclass(frozen=True, eq=False)
class Posterior:
    """mean = c + k*^T K^-1 (z - c), variance = k** - |L^-1 k*|^2 + noise, with K = k(X, X) + noise I = L L^T.

    Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, algorithm 2.1.

    x: (n, p). hyper: of r outputs. weights: (r, n), K^-1 (z - c). inverse_factor: (r, n, n), L^-1, kept so
    that a batch of queries costs matrix products only.
    """

    x: torch.Tensor
    hyper: Hyperparameters
    weights: torch.Tensor
    inverse_factor: torch.Tensor

    @classmethod
    def condition(cls, x: torch.Tensor, z: torch.Tensor, hyper: Hyperparameters) -> Self:
        """The posterior given z (n, r) at x (n, p)."""
        factor = torch.linalg.cholesky(noisy_covariance(x, hyper))
        eye = torch.eye(len(x), dtype=x.dtype).expand_as(factor)
        inverse = torch.linalg.solve_triangular(factor, eye, upper=False)
        residual = (z.T - hyper.constant[:, None])[..., None]
        weights = torch.cholesky_solve(residual, factor)[..., 0]
        # Contiguous as after `restore`, so that the same products give the same bits.
        return cls(x, hyper, weights.contiguous(), inverse.contiguous())

    def predict(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and std, each (q, r), of a new observation at x (q, p)."""
        cross = covariance(x, self.x, self.hyper)
        mean = self.hyper.constant[:, None] + (cross @ self.weights[..., None])[..., 0]
        known = (cross @ self.inverse_factor.mT).square().sum(dim=-1)
        # Round-off can put the difference just below zero on a run itself.
        latent = (prior_variance(x, self.hyper) - known).clamp(min=0.0)
        return mean.T, torch.sqrt(latent + self.hyper.noise[:, None]).T

    def to(self, device: str) -> Posterior:
        """The same on another device."""
        return Posterior(
            self.x.to(device), self.hyper.to(device), self.weights.to(device), self.inverse_factor.to(device)
        )

    def state(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        arrays = {name: getattr(self.hyper, name) for name in NAMES}
        arrays |= {"x": self.x, "weights": self.weights, "inverse_factor": self.inverse_factor}
        return {name: tensor.cpu().numpy() for name, tensor in arrays.items()}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The posterior again."""
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        hyper = Hyperparameters(**{name: tensors.pop(name) for name in NAMES})
        return cls(hyper=hyper, **tensors)
