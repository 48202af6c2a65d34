"""Energy natural gradient: steepest descent in the space of functions, with a search along each step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fieldwright.physics.pinn.optimisers.minimum import Minimum

HALVINGS = 20


def energy_natural_gradient(
    residuals: Callable[[Tensor], Tensor],
    jacobian: Callable[[Tensor], Tensor],
    theta: Tensor,
    steps: int = 100,
    cutoff: float = 1e-13,
    gradient_tolerance: float = 1e-14,
) -> Minimum:
    """Minimises E = |r(theta)|^2 / 2 by d = -G^+ grad E, with the best of the steps d, d / 2, ..., d / 2^20.

    G = J^T J is the second derivative of E in the space of functions, seen through the network; for a linear equation
    this is Newton's step there. residuals: theta (p,) to r (m,); jacobian: theta to J (m, p).
    cutoff: eigenvalues of G below this share of the largest are taken as zero.

    Source: Mueller and Zeinhofer, Achieving High Accuracy with PINNs via Energy Natural Gradients, ICML 2023.
    """
    theta = theta.detach().clone()
    r = residuals(theta)
    loss = float(r @ r) / 2
    losses = [loss]
    for _ in range(steps):
        j = jacobian(theta)
        if float((j.T @ r).abs().max()) <= gradient_tolerance:
            return Minimum(theta, loss, tuple(losses), "small gradient")
        step = -_least_squares(j, r, cutoff)
        trials = [(float(residuals(theta + step / 2**k).square().sum()) / 2, k) for k in range(HALVINGS + 1)]
        best, k = min((trial for trial in trials if trial[0] == trial[0]), default=(loss, 0))
        if not best < loss:
            return Minimum(theta, loss, tuple(losses), "small step")
        theta, loss = theta + step / 2**k, best
        r = residuals(theta)
        losses.append(loss)
    return Minimum(theta, loss, tuple(losses), "steps")


def _least_squares(j: Tensor, r: Tensor, cutoff: float) -> Tensor:
    """J^+ r by the eigenvalues of the smaller of J^T J and J J^T."""
    few = j.shape[0] < j.shape[1]
    values, vectors = torch.linalg.eigh(j @ j.T if few else j.T @ j)
    mask = values > cutoff * values[-1]
    basis = vectors[:, mask]
    if few:
        return j.T @ (basis @ ((basis.T @ r) / values[mask]))
    return basis @ ((basis.T @ (j.T @ r)) / values[mask])
