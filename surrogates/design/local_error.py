"""Where errors exceed the predicted std: leave-one-out errors relative to it, smoothed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy.spatial.distance import cdist

from fieldwright.surrogates.design.spread import Spread

PRIOR_RUNS = 1.0
"""Runs of average error that each place is credited with: one run alone must not decide."""


@dataclass(frozen=True, eq=False)
class LocalError:
    """s^2(x), the squared leave-one-out errors near x over the variances foreseen for them; 1 is as foreseen.

    Runs count by exp(-d^2 / 2 h^2), d their distance in scaled parameters, h the median distance between
    neighbouring runs. A process with one lengthscale everywhere is too sure near a front and too timid away
    from it; this tells the two apart. Source: Mohammadi, Challenor, Williamson & Goodfellow, Cross-validation
    based adaptive sampling for Gaussian process models, SIAM/ASA J. Uncertain. Quantif. 10, 2022.

    runs: (n, p) scaled. error, foreseen: (n,), summed over the coordinates by their weight. reach: h.
    """

    spread: Spread
    runs: np.ndarray
    error: np.ndarray
    foreseen: np.ndarray
    reach: float

    @classmethod
    def of(cls, spread: Spread) -> Self:
        """Without refitting: e_i = [K^-1 (z - c)]_i / [K^-1]_ii, of variance 1 / [K^-1]_ii.

        Source: Rasmussen & Williams, Gaussian Processes for Machine Learning, (5.12).
        """
        diagonal = spread.posterior.inverse_factor[spread.coordinates].square().sum(dim=1)
        residual = spread.posterior.weights[spread.coordinates] / diagonal
        weight = spread.weight[:, None]
        runs = spread.posterior.x.numpy()
        distance = cdist(runs, runs) + np.diag(np.full(len(runs), np.inf))
        return cls(
            spread,
            runs,
            (weight * residual.square()).sum(dim=0).numpy(),
            (weight / diagonal).sum(dim=0).numpy(),
            float(np.median(distance.min(axis=1))) or 1.0,
        )

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        """s^2 (q,) at scaled parameters u (q, p)."""
        near = np.exp(-0.5 * (cdist(u.numpy(), self.runs) / self.reach) ** 2)
        error = near @ self.error + PRIOR_RUNS * self.error.mean()
        foreseen = near @ self.foreseen + PRIOR_RUNS * self.foreseen.mean()
        return torch.from_numpy(error / foreseen)
