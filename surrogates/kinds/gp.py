"""Gaussian process regression, exact, with its own hyperparameters for every latent coordinate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
import torch
from pydantic import Field

from data.errors import ModelError
from surrogates.autograd import jacobian
from surrogates.gaussian_process import exact
from surrogates.gaussian_process.posterior import Posterior
from surrogates.kinds import KindConfig, register


class GPConfig(KindConfig):
    """Settings of the Gaussian process.

    kernel: ARD Matern 5/2, or that plus a linear part, which extrapolates a trend.
    engine: "exact" follows analytic gradients output by output; "gpytorch" trains all outputs in one
    batched model. restarts: starting points beside the first; more cost time and find better optima where
    the data are few. max_runs: more runs than this are refused, since memory grows with their square and
    time with their cube.
    """

    kind: Literal["gp"] = "gp"
    kernel: Literal["matern52", "linear+matern52"] = "matern52"
    engine: Literal["exact", "gpytorch"] = "exact"
    restarts: int = Field(default=1, ge=0, le=20)
    max_runs: int = Field(default=2000, ge=2)


class GP:
    """z ~ GP(c, k) + noise for each latent coordinate, hyperparameters by maximum posterior likelihood.

    Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, 2006, chapters 2 and 5.
    """

    def __init__(self, config: GPConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r); raises ModelError for more than `max_runs` runs."""
        if len(x) > self.config.max_runs:
            raise ModelError(
                f"The exact Gaussian process must learn from at most {self.config.max_runs} runs ('max_runs')",
                f"{len(x)} runs",
                "Use the kind 'mlp' or 'bayes', or raise 'max_runs' if memory allows",
            )
        x, z = np.ascontiguousarray(x, dtype=np.float64), np.ascontiguousarray(z, dtype=np.float64)
        linear = self.config.kernel == "linear+matern52"
        if self.config.engine == "gpytorch":
            # Its import takes seconds, which an endpoint that only predicts should not wait for.
            from surrogates.gaussian_process import batched as engine
        else:
            engine = exact
        hyper = engine.fit_hyperparameters(x, z, linear=linear, restarts=self.config.restarts, seed=seed)
        self.posterior_ = Posterior.condition(torch.from_numpy(x), torch.from_numpy(z), hyper)
        return self

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of the predictive distribution at x (q, p)."""
        queries = torch.as_tensor(x, dtype=torch.float64, device=self.posterior_.x.device)
        mean, std = self.posterior_.predict(queries)
        return mean.cpu().numpy(), std.cpu().numpy()

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """d mean_r / d x_j (q, r, p) at x (q, p), by autograd."""
        queries = torch.as_tensor(x, dtype=torch.float64, device=self.posterior_.x.device)
        return jacobian(lambda u: self.posterior_.predict(u)[0], queries)

    def to(self, device: str) -> None:
        """Moves the posterior to a torch device."""
        self.posterior_ = self.posterior_.to(device)

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return self.posterior_.state()

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted process again."""
        process = cls(config)
        process.posterior_ = Posterior.restore(state)
        return process


register(GPConfig, GP)
