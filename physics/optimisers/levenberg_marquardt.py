"""Levenberg-Marquardt: damped Gauss-Newton steps for sums of squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

LARGEST_DAMPING = 1e16


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a minimisation ended.

    theta: (p,); loss: |r|^2 / 2 there; losses: after every step, the start first; damping: to go on with;
    reason: "small gradient", "small step" (or no step that improves), or "steps" when they were used up.
    """

    theta: Tensor
    loss: float
    losses: tuple[float, ...]
    damping: float
    reason: Literal["small gradient", "small step", "steps"]


def levenberg_marquardt(
    residuals: Callable[[Tensor], Tensor],
    jacobian: Callable[[Tensor], Tensor],
    theta: Tensor,
    steps: int = 100,
    damping: float | None = None,
    gradient_tolerance: float = 1e-14,
    step_tolerance: float = 1e-12,
) -> Minimum:
    """Minimises |r(theta)|^2 / 2 by steps d of (J^T J + mu I) d = -J^T r.

    residuals: theta (p,) to r (m,); jacobian: theta to J = dr/dtheta (m, p); all float64.
    damping: mu at the start, 0 for a pure Gauss-Newton step, None for 1e-3 of the largest diagonal of J^T J.
    The damping follows the gain rho = (true fall of the loss) / (fall that the linear model foresees): after a
    good step mu shrinks by max(1/3, 1 - (2 rho - 1)^3), after a bad one it grows by 2, 4, 8, ...
    Stops when max|J^T r| <= gradient_tolerance or |d| <= step_tolerance (|theta| + step_tolerance).

    Source: Levenberg, Quart. Appl. Math. 2 (1944) 164; Marquardt, SIAM J. Appl. Math. 11 (1963) 431; damping of
    Nielsen, IMM-REP-1999-05, Technical University of Denmark.
    """
    theta = theta.detach().clone()
    r = residuals(theta)
    loss = float(r @ r) / 2
    losses = [loss]
    mu, growth = damping, 2.0

    for _ in range(steps):
        j = jacobian(theta)
        normal, gradient = j.T @ j, j.T @ r
        if float(gradient.abs().max()) <= gradient_tolerance:
            return Minimum(theta, loss, tuple(losses), mu or 0.0, "small gradient")
        if mu is None:
            mu = 1e-3 * float(normal.diagonal().max())

        while True:  # until a step lowers the loss
            step = _damped_step(normal, gradient, mu)
            if step is not None:
                if float(step.norm()) <= step_tolerance * (float(theta.norm()) + step_tolerance):
                    return Minimum(theta, loss, tuple(losses), mu, "small step")
                trial = residuals(theta + step)
                fall = loss - float(trial @ trial) / 2
                if fall > 0:
                    break
            mu, growth = max(mu, 1e-300) * growth, 2 * growth
            if mu > LARGEST_DAMPING:
                return Minimum(theta, loss, tuple(losses), mu, "small step")

        gain = fall / float(step @ (mu * step - gradient) / 2)
        theta, r, loss = theta + step, trial, loss - fall
        losses.append(loss)
        mu, growth = mu * max(1 / 3, 1 - (2 * gain - 1) ** 3), 2.0
    return Minimum(theta, loss, tuple(losses), mu or 0.0, "steps")


def _damped_step(normal: Tensor, gradient: Tensor, mu: float) -> Tensor | None:
    """The step, or None when rounding leaves the damped matrix indefinite."""
    damped = normal.clone()
    damped.diagonal().add_(mu)
    factor, failed = torch.linalg.cholesky_ex(damped)
    if failed:
        return None
    return -torch.cholesky_solve(gradient[:, None], factor)[:, 0]
