"""Levenberg-Marquardt: damped Gauss-Newton steps for sums of squares."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from fieldwright.physics.pinn.optimisers.damping import Damping
from fieldwright.physics.pinn.optimisers.minimum import Minimum
from fieldwright.physics.pinn.optimisers.normal_matrix import NormalMatrix


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

    residuals: theta (p,) to r (m,); jacobian: theta to J = dr/dtheta (m, p), which the next call may overwrite; all
    float64.
    damping: mu at the start, 0 for a pure Gauss-Newton step, None for 1e-3 of the largest diagonal of J^T J.
    With fewer residuals than weights the same step is found among the residuals: d = -J^T (J J^T + mu I)^-1 r.
    Stops when max|J^T r| <= gradient_tolerance or |d| <= step_tolerance (|theta| + step_tolerance).

    Source: Levenberg, Quart. Appl. Math. 2 (1944) 164; Marquardt, SIAM J. Appl. Math. 11 (1963) 431; among residuals
    (Woodbury) for PINNs: Guzman-Cordero, Dangel, Goldshlager and Zeinhofer, arXiv 2505.12149.
    """
    theta = theta.detach().clone()
    r = residuals(theta)
    loss = float(r @ r) / 2
    losses = [loss]
    control = None if damping is None else Damping(damping)

    for _ in range(steps):
        j = jacobian(theta)
        gradient = j.T @ r
        if float(gradient.abs().max()) <= gradient_tolerance:
            return Minimum(theta, loss, tuple(losses), "small gradient", control.mu if control else 0.0)
        if control is None:
            control = Damping(1e-3 * float(j.square().sum(dim=0).max()))
        few = len(r) < len(theta)
        normal = NormalMatrix(j.T if few else j)

        while True:  # until a step lowers the loss
            solved = normal.solve(r if few else gradient, control.mu)
            if solved is not None:
                step = -(j.T @ solved) if few else -solved
                if float(step.norm()) <= step_tolerance * (float(theta.norm()) + step_tolerance):
                    return Minimum(theta, loss, tuple(losses), "small step", control.mu)
                trial = residuals(theta + step)
                fall = loss - float(trial @ trial) / 2
                if fall > 0:
                    break
            if not control.bad():
                return Minimum(theta, loss, tuple(losses), "small step", control.mu)

        gain = fall / float(step @ (control.mu * step - gradient) / 2)
        theta, r, loss = theta + step, trial, loss - fall
        losses.append(loss)
        control.good(gain)
    return Minimum(theta, loss, tuple(losses), "steps", control.mu if control else 0.0)
