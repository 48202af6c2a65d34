"""Thousands of runs: the variational posterior on inducing points, its optimum in closed form."""

from __future__ import annotations

import numpy as np
import torch

from fieldwright.surrogates.gaussian_process.posterior import Posterior, cholesky
from fieldwright.surrogates.gaussian_process.prior import Prior

JITTER = 1e-9
"""Added to the covariance of the inducing points, relative to its diagonal."""
BLOCK = 4096
"""Runs whose covariances with the inducing points are in memory at once."""
CANDIDATES = 20_000
"""Runs among which inducing points are chosen."""


def sparse_posterior(
    x: torch.Tensor, z: torch.Tensor, hyper: Prior, noise: torch.Tensor, inducing: torch.Tensor
) -> Posterior:
    """The q(u) that minimises KL(q || posterior) among those that see the runs through values u at m points.

    With K_uu = L L^T, V = L^-1 K_uf N^-1/2 and V V^T = Q E Q^T: mean = m + k_*u L^-T (I + V V^T)^-1 V N^-1/2
    (z - m), variance = k** - |(E / (I + E))^1/2 Q^T L^-1 k_u*|^2 + noise. It is where minibatches of natural
    gradients would end, in one pass of O(n m^2) over the runs. Sources: Titsias, Variational learning of inducing
    variables in sparse Gaussian processes, AISTATS 2009; Hensman, Fusi & Lawrence, UAI 2013.

    x: (n, p). z: (n, r). noise: (r, n) variance of each. inducing: (m, p).
    """
    inducing_covariance = hyper.covariance(inducing, inducing)
    jitter = JITTER * inducing_covariance.diagonal(dim1=1, dim2=2).mean(dim=1)
    eye = torch.eye(len(inducing), dtype=x.dtype, device=x.device)
    factor = cholesky(inducing_covariance + jitter[:, None, None] * eye)
    residual = (z.T - hyper.mean(x)) / noise.sqrt()
    gram, projected = (
        torch.zeros_like(inducing_covariance),
        inducing_covariance.new_zeros(len(inducing_covariance), len(inducing), 1),
    )
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        cross = hyper.covariance(inducing, x[rows]) / noise[:, None, rows].sqrt()
        whitened = torch.linalg.solve_triangular(factor, cross, upper=False)
        gram += whitened @ whitened.mT
        projected += whitened @ residual[:, rows, None]
    values, vectors = torch.linalg.eigh(gram)
    values = values.clamp(min=0.0)[..., None]
    inverse = torch.linalg.solve_triangular(factor, eye.expand_as(factor), upper=False)
    weights = inverse.mT @ (vectors @ ((vectors.mT @ projected) / (1.0 + values)))
    reduced = torch.sqrt(values / (1.0 + values)) * (vectors.mT @ inverse)
    return Posterior(inducing, hyper, weights[..., 0].contiguous(), reduced.contiguous())


def inducing_points(x: torch.Tensor, hyper: Prior, number: int, seed: int) -> torch.Tensor:
    """The runs (m, p), m <= number, that leave the least variance: each next where most of it is left.

    The variance is the mean over the outputs, by a pivoted Cholesky factorisation of the mean covariance. Source:
    Burt, Rasmussen & van der Wilk, Convergence of sparse variational inference in Gaussian processes regression,
    JMLR 21 (2020) 131.

    x: (n, p).
    """
    order = torch.from_numpy(np.random.default_rng(seed).permutation(len(x))[:CANDIDATES])
    candidates = x[order.to(x.device)]
    remaining = hyper.variance(candidates).mean(dim=0)
    least = JITTER * remaining.max()
    rows, pivots = candidates.new_empty(number, len(candidates)), []
    for step in range(min(number, len(candidates))):
        pivot = int(remaining.argmax())
        if remaining[pivot] <= least:
            break
        row = hyper.covariance(candidates[pivot, None], candidates).mean(dim=0)[0]
        row = (row - rows[:step, pivot] @ rows[:step]) / remaining[pivot].sqrt()
        rows[step], remaining = row, remaining - row**2
        remaining[pivot] = -1.0
        pivots.append(pivot)
    return candidates[pivots].contiguous()
