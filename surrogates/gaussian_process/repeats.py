"""Runs repeated at the same parameters, and what they tell of the noise from place to place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import digamma, polygamma
from scipy.stats import chi2

from fieldwright.surrogates.domain.places import places
from fieldwright.surrogates.gaussian_process.kernel import FAMILIES, Hyperparameters
from fieldwright.surrogates.gaussian_process.likelihood import Sample
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.persistence.states import part, prefixed

FEWEST_PLACES = 4
"""Of repeats, below which a change of the noise from place to place cannot be estimated."""
CERTAINTY = 0.999
"""Share of chance that the differences between places must exceed; the logarithm of a variance has long tails."""
LENGTHSCALES = (0.5, 1.0, 2.0, 4.0)
"""Over which the noise may change, in standard deviations of the parameters; the likelihood chooses."""
NO_SCATTER = 1e-20
"""Variance of repeats below which a solver gave the same answer twice."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """Places x (n, p), the mean z (n, r) of the observations there, their number (n,) and scatter (n, r).

    scatter: sum of (z - mean)^2 of the observations of a place.
    """

    x: np.ndarray
    z: np.ndarray
    counts: np.ndarray
    scatter: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, z: np.ndarray) -> Pooled:
        """Runs x (n, p), z (n, r), in the order in which each place comes first."""
        # Places that nearly agree are no burden to a process, and each tells something of its own.
        place = places(x, decades=False, exact=True)
        _, first, counts = np.unique(place, return_index=True, return_counts=True)
        mean = np.zeros((len(counts), z.shape[1]))
        np.add.at(mean, place, z)
        mean /= counts[:, None]
        scatter = np.zeros_like(mean)
        np.add.at(scatter, place, (z - mean[place]) ** 2)
        return cls(x[first], mean, counts, scatter)

    def samples(self, pattern: np.ndarray) -> list[Sample]:
        """Each output, its noise following the pattern (n, r)."""
        repeats = self.counts - 1.0
        return [
            Sample(np.ascontiguousarray(z), level / self.counts, repeats, scatter / level)
            for z, level, scatter in zip(self.z.T, pattern.T, self.scatter.T, strict=True)
        ]


def noise_pattern(pooled: Pooled) -> Posterior | None:
    """The log noise variance relative to a common level, by place and output; None where repeats show no change.

    log(scatter / f) with f = m - 1 of m repeats has the mean log v + digamma(f/2) - log(f/2) and the variance
    trigamma(f/2) about the log variance v of a place, which goes smoothly with the parameters round its common
    level: a Gaussian process of variance t^2 shrinks what few repeats tell towards their neighbours and the
    level. t^2 by moments. Sources: Bartlett & Kendall, J. R. Stat. Soc. Suppl. 8 (1946) 128; DerSimonian & Laird,
    Control. Clin. Trials 7 (1986) 177.
    """
    rows = np.flatnonzero((pooled.counts > 1) & (pooled.scatter > NO_SCATTER).all(axis=1))
    if len(rows) < FEWEST_PLACES:
        return None
    free = pooled.counts[rows] - 1.0
    variance = polygamma(1, free / 2.0)
    logs = np.log(pooled.scatter[rows] / free[:, None]) - (digamma(free / 2.0) - np.log(free / 2.0))[:, None]
    weight = 1.0 / variance
    centred = logs - weight @ logs / weight.sum()
    differ = weight @ centred**2
    excess = np.where(differ > chi2.ppf(CERTAINTY, len(rows) - 1), differ - (len(rows) - 1.0), 0.0)
    spread = excess / (weight.sum() - weight @ weight / weight.sum())
    if not spread.any():
        return None
    x, y = torch.from_numpy(pooled.x[rows]), torch.from_numpy(np.where(spread > 0.0, centred, 0.0))
    noise = torch.from_numpy(np.tile(variance, (len(spread), 1)))
    tried = [_smooth(lengthscale, torch.from_numpy(spread), x.shape[1]) for lengthscale in LENGTHSCALES]
    best = torch.stack([_log_likelihood(x, y, hyper, noise) for hyper in tried]).argmax(dim=0)
    hyper = _smooth(
        torch.tensor(LENGTHSCALES, dtype=x.dtype)[best][:, None], torch.from_numpy(spread), x.shape[1]
    )
    return Posterior.condition(x, y, hyper, noise)


def _smooth(lengthscale: float | torch.Tensor, spread: torch.Tensor, p: int) -> Hyperparameters:
    r = len(spread)
    none = spread.new_zeros(r)
    return Hyperparameters(
        lengthscale=lengthscale * spread.new_ones(r, p),
        outputscale=spread,
        linear=spread.new_zeros(r, p),
        bilinear=spread.new_zeros(r, p),
        noise=none,
        constant=none,
        family=torch.full((r,), FAMILIES.index("matern52")),
    )


def _log_likelihood(
    x: torch.Tensor, y: torch.Tensor, hyper: Hyperparameters, noise: torch.Tensor
) -> torch.Tensor:
    factor = torch.linalg.cholesky(hyper.covariance(x, x) + torch.diag_embed(noise))
    whitened = torch.linalg.solve_triangular(factor, y.T[..., None], upper=False)[..., 0]
    logs = factor.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    return -0.5 * whitened.square().sum(dim=1) - logs


@dataclass(frozen=True, eq=False)
class Heteroscedastic:
    """A prior whose noise changes from place to place: noise_at = noise * exp(pattern)."""

    base: Hyperparameters
    pattern: Posterior

    @property
    def noise(self) -> torch.Tensor:
        """(r,) noise variance at the common level."""
        return self.base.noise

    def outputs(self, rows: torch.Tensor) -> Heteroscedastic:
        """That of some of the outputs."""
        return Heteroscedastic(self.base.outputs(rows), self.pattern.outputs(rows))

    def mean(self, x: torch.Tensor) -> torch.Tensor:
        """As that of the base."""
        return self.base.mean(x)

    def covariance(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """As that of the base."""
        return self.base.covariance(a, b)

    def variance(self, x: torch.Tensor) -> torch.Tensor:
        """As that of the base."""
        return self.base.variance(x)

    def noise_at(self, x: torch.Tensor) -> torch.Tensor:
        """Noise variance (r, q) of one observation at x (q, p)."""
        return self.base.noise_at(x) * torch.exp(self.pattern.predict(x)[0].T)

    def to(self, device: str) -> Heteroscedastic:
        """The same on another device."""
        return Heteroscedastic(self.base.to(device), self.pattern.to(device))

    def state(self) -> dict[str, np.ndarray]:
        """All arrays by name."""
        return prefixed("base.", self.base.state()) | prefixed("pattern.", self.pattern.state())

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Heteroscedastic:
        """The prior again."""
        pattern = part(state, "pattern.")
        hyper = Hyperparameters.restore(part(pattern, "hyper."))
        return cls(Hyperparameters.restore(part(state, "base.")), Posterior.restore(hyper, pattern))
