"""The posterior covariance of a field's latent coordinates, conditioned on planned runs one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.fields.emulator import Branch, Emulator
from fieldwright.surrogates.gaussian_process.kernel import Hyperparameters
from fieldwright.surrogates.gaussian_process.posterior import Posterior
from fieldwright.surrogates.gaussian_process.process import GP
from fieldwright.surrogates.gaussian_process.repeats import Heteroscedastic

LEAST_NOISE = 1e-8
"""Noise variance over outputscale. With the tiny noise of a solver, what is left next to a run would be round-off."""
CAUTION = 0.5
"""Lengthscales count by this much of what was learned. Learned from a dozen runs they are too long as often as too
short, and a design for too long ones leaves holes, while one for too short ones is merely more even."""
CARRIED = 1.0 - 1e-8
"""Share of a field's latent variance in the coordinates that are looked at: the last ones decide errors of 1e-4."""


@dataclass(eq=False)
class Spread:
    """c_r(a, b) = k_r(a, b) - k_r(a, X) K_r^-1 k_r(X, b) of latent coordinates r, which sees no simulated value.

    So it is known for runs that are only planned: `add` conditions it on one more.

    posterior: of the coordinates of one branch. coordinates: (r,) indices of those considered. weight: (r,) the share
    of each in the variance of its field; all fields have equal weights.
    """

    branch: Branch
    posterior: Posterior
    coordinates: torch.Tensor
    weight: torch.Tensor
    _added: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = field(default_factory=list)

    def __post_init__(self) -> None:
        hyper = self.posterior.hyper.outputs(self.coordinates)
        # Where the noise changes from place to place, a planned run is taken to have the typical one.
        hyper = hyper.base if isinstance(hyper, Heteroscedastic) else hyper
        assert isinstance(hyper, Hyperparameters)
        self.hyper = replace(
            hyper,
            lengthscale=CAUTION * hyper.lengthscale,
            noise=torch.maximum(hyper.noise, LEAST_NOISE * hyper.outputscale),
        )
        covariance = self.hyper.covariance(self.posterior.x, self.posterior.x)
        factor = torch.linalg.cholesky(
            covariance + torch.diag_embed(self.noise.expand(-1, len(self.posterior.x)))
        )
        eye = torch.eye(len(self.posterior.x), dtype=factor.dtype).expand_as(factor)
        self.inverse_factor = torch.linalg.solve_triangular(factor, eye, upper=False)

    @property
    def noise(self) -> torch.Tensor:
        """(r, 1) noise variance of the observation of a coordinate by a run."""
        return self.hyper.noise[:, None]

    def at(self, x: np.ndarray) -> QueryPoints:
        """Points x (q, p) of the parameters, prepared for `covariance`."""
        u = torch.from_numpy(self.branch.scaler.scaled(self.branch.transform(x)))
        whitened = self.inverse_factor @ self.hyper.covariance(self.posterior.x, u)
        place = QueryPoints(u, whitened)
        for added in self._added:
            place = self._conditioned(place, *added)
        return place

    def between(self, a: QueryPoints, b: QueryPoints) -> torch.Tensor:
        """(r, qa, qb) covariances of two sets of points."""
        return self.hyper.covariance(a.u, b.u) - a.whitened.mT @ b.whitened

    def variance(self, a: QueryPoints) -> torch.Tensor:
        """(r, q) variances, at least zero."""
        return (self.hyper.variance(a.u) - a.whitened.square().sum(dim=1)).clamp(min=0.0)

    def add(self, x: np.ndarray) -> None:
        """Condition on a run at x (p,), whatever its result will be."""
        place = self.at(x[None])
        root = torch.sqrt(self.variance(place) + self.noise)
        self._added.append((place.u, place.whitened, root))

    def _conditioned(
        self, place: QueryPoints, u: torch.Tensor, whitened: torch.Tensor, root: torch.Tensor
    ) -> QueryPoints:
        row = (self.hyper.covariance(u, place.u) - whitened.mT @ place.whitened) / root[..., None]
        return QueryPoints(place.u, torch.cat([place.whitened, row], dim=1))


@dataclass(frozen=True, eq=False)
class QueryPoints:
    """u: (q, p) scaled parameters. whitened: (r, n, q), L^-1 k(X, u) of the runs, those added included."""

    u: torch.Tensor
    whitened: torch.Tensor


def spreads(emulator: Emulator) -> list[Spread]:
    """The spread of each branch of an emulator of kind gp; raises ModelError for another kind."""
    return list(_spreads(emulator))


def _spreads(emulator: Emulator) -> Iterator[Spread]:
    for branch in emulator.branches:
        if not isinstance(branch.regressor, GP):
            raise ModelError(
                "The spread of planned runs must be that of a Gaussian process",
                type(branch.regressor).__name__,
                "Fit an emulator of kind 'gp' on the same runs",
            )
        share = np.concatenate([emulator.fields[name].shares ** 2 for name in branch.fields])
        first = np.concatenate([_leading(emulator.fields[name].shares ** 2) for name in branch.fields])
        indices = np.flatnonzero(first)
        yield Spread(
            branch,
            branch.regressor.posterior_,
            torch.from_numpy(indices),
            torch.from_numpy(share[indices] / len(emulator.fields)),
        )


def _leading(share: np.ndarray) -> np.ndarray:
    """(r,) bool, the fewest coordinates that carry `CARRIED` of the variance together."""
    order = np.argsort(-share, kind="stable")
    number = int(np.searchsorted(np.cumsum(share[order]), CARRIED)) + 1
    leading = np.zeros(len(share), dtype=bool)
    leading[order[:number]] = True
    return leading
