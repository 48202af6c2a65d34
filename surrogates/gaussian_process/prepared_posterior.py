"""The posterior on the CPU, prepared for queries, each of which has the same answer whatever others come with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import torch

from fieldwright.surrogates.gaussian_process.kernel import (
    FAMILIES,
    Hyperparameters,
    correlation_and_slope,
)
from fieldwright.surrogates.gaussian_process.posterior import ROUND_OFF, Posterior
from fieldwright.surrogates.gaussian_process.prior import Prior
from fieldwright.surrogates.gaussian_process.repeats import Heteroscedastic
from fieldwright.surrogates.row_products import row_products

CACHED_RUNS = 512
"""Up to so many runs the inverse factor of one output stays in the cache of a core from one query to the next."""
ROWS = 8
"""Queries that share one pass over a larger inverse factor; a single query is answered as the first of as many."""
BLOCK = 512
"""Queries whose covariances with all runs are in memory at once."""


class PreparedPrior(Protocol):
    """The prior of r outputs at queries x (q, p), with its covariances with the n runs."""

    def mean(self, x: np.ndarray) -> np.ndarray:
        """(r, q) before any run is seen."""
        ...

    def covariance(self, x: np.ndarray) -> np.ndarray:
        """(r, q, n) with the runs, without noise."""
        ...

    def variance(self, x: np.ndarray) -> np.ndarray:
        """(r, q) of each query with itself, without noise."""
        ...

    def noise(self, x: np.ndarray) -> np.ndarray:
        """(r, q) variance of the noise of one observation."""
        ...


class PreparedPosterior:
    """`Posterior.predict` in NumPy, which takes a tenth of the time of torch for a single query.

    The variance of a latent coordinate is a small difference of large numbers, of which an ill-conditioned matrix
    leaves four digits: were its products those of all queries together, a query would have another std in a batch.
    """

    def __init__(self, posterior: Posterior) -> None:
        self.posterior = posterior
        self._prior = _prepared_prior(posterior.hyper, posterior.x)
        self._weights = posterior.weights.numpy()[:, None, :, None]
        self._inverse = posterior.inverse_factor.numpy()
        self._rows = 1 if len(posterior.x) <= CACHED_RUNS else ROWS

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), of a new observation at x (q, p)."""
        parts = [self._block(x[start : start + BLOCK]) for start in range(0, max(len(x), 1), BLOCK)]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def mean(self, x: np.ndarray) -> np.ndarray:
        """(r, q) of the latent coordinates at x (q, p)."""
        return self._mean(x, self._prior.covariance(x))

    def _mean(self, x: np.ndarray, cross: np.ndarray) -> np.ndarray:
        return self._prior.mean(x) + np.matmul(cross[:, :, None, :], self._weights)[..., 0, 0]

    def _block(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cross = self._prior.covariance(x)
        before = self._prior.variance(x)
        latent = np.maximum(before - self._explained(cross), 0.0) + ROUND_OFF * before
        std = np.sqrt(latent + self._prior.noise(x))
        return np.ascontiguousarray(self._mean(x, cross).T), np.ascontiguousarray(std.T)

    def _explained(self, cross: np.ndarray) -> np.ndarray:
        """|L^-1 k*|^2 (r, q) of covariances (r, q, n)."""
        r, q, n = cross.shape
        more = -q % self._rows
        if more:
            cross = np.concatenate([cross, np.zeros((r, more, n))], axis=1)
        whitened = np.matmul(cross.reshape(r, -1, self._rows, n), self._inverse.swapaxes(1, 2)[:, None])
        return np.square(whitened).sum(axis=-1).reshape(r, -1)[:, :q]


@dataclass(frozen=True, eq=False)
class _Kernel:
    """`Hyperparameters` with their runs.

    runs: (p, n). inverse_squares: (r, p) of the lengthscales. outputs: of each family, (indices, name).
    """

    hyper: dict[str, np.ndarray]
    runs: np.ndarray
    inverse_squares: np.ndarray
    outputs: tuple[tuple[np.ndarray, str], ...]

    @classmethod
    def of(cls, hyper: Hyperparameters, runs: torch.Tensor) -> Self:
        numbers = hyper.state()
        family = numbers["family"]
        outputs = tuple((np.flatnonzero(family == index), FAMILIES[index]) for index in np.unique(family))
        return cls(numbers, np.ascontiguousarray(runs.numpy().T), numbers["lengthscale"] ** -2.0, outputs)

    def mean(self, x: np.ndarray) -> np.ndarray:
        return self.hyper["constant"][:, None]

    def covariance(self, x: np.ndarray) -> np.ndarray:
        squares = np.square(x[:, :, None] - self.runs)
        distance = np.matmul(self.inverse_squares, squares).swapaxes(0, 1)
        if len(self.outputs) == 1:
            smooth = correlation_and_slope(distance, self.outputs[0][1])[0]
        else:
            smooth = np.empty(distance.shape)
            for index, family in self.outputs:
                smooth[index] = correlation_and_slope(distance[index], family)[0]
        smooth *= self.hyper["outputscale"][:, None, None]
        if self.hyper["bilinear"].any():
            smooth *= 1.0 + self._products(x, self.hyper["bilinear"])
        return smooth + self._products(x, self.hyper["linear"]) if self.hyper["linear"].any() else smooth

    def _products(self, x: np.ndarray, variances: np.ndarray) -> np.ndarray:
        """sum_j v_j x_j x'_j (r, q, n) of queries x (q, p) and runs x' with variances (r, p)."""
        return np.matmul(x[:, None] * variances, self.runs).swapaxes(0, 1)

    def variance(self, x: np.ndarray) -> np.ndarray:
        squares = np.square(x)
        slopes = 1.0 + row_products(squares, self.hyper["bilinear"].T).T
        return self.hyper["outputscale"][:, None] * slopes + row_products(squares, self.hyper["linear"].T).T

    def noise(self, x: np.ndarray) -> np.ndarray:
        return self.hyper["noise"][:, None]


@dataclass(frozen=True, eq=False)
class _ChangingNoise(_Kernel):
    """`Heteroscedastic` with its runs."""

    pattern: PreparedPosterior

    def noise(self, x: np.ndarray) -> np.ndarray:
        return self.hyper["noise"][:, None] * np.exp(self.pattern.mean(x))


@dataclass(frozen=True, eq=False)
class _ByTorch:
    """Any other prior: all that it does with a query it does by itself, number by number."""

    prior: Prior
    runs: torch.Tensor

    def mean(self, x: np.ndarray) -> np.ndarray:
        return self.prior.mean(torch.from_numpy(x)).numpy()

    def covariance(self, x: np.ndarray) -> np.ndarray:
        return self.prior.covariance(torch.from_numpy(x), self.runs).numpy()

    def variance(self, x: np.ndarray) -> np.ndarray:
        return self.prior.variance(torch.from_numpy(x)).numpy()

    def noise(self, x: np.ndarray) -> np.ndarray:
        return self.prior.noise_at(torch.from_numpy(x)).numpy()


def _prepared_prior(prior: Prior, runs: torch.Tensor) -> PreparedPrior:
    if isinstance(prior, Hyperparameters):
        return _Kernel.of(prior, runs)
    if isinstance(prior, Heteroscedastic):
        base = _Kernel.of(prior.base, runs)
        pattern = PreparedPosterior(prior.pattern)
        return _ChangingNoise(base.hyper, base.runs, base.inverse_squares, base.outputs, pattern)
    return _ByTorch(prior, runs)
