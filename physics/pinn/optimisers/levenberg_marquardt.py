"""Levenberg-Marquardt: damped Gauss-Newton steps for sums of squares."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from fieldwright.physics.pinn.optimisers.damping import Damping
from fieldwright.physics.pinn.optimisers.minimum import Minimum
from fieldwright.physics.pinn.optimisers.normal_matrix import NormalMatrix

SHORT = 0.1
"""Share of a step over which the curvature along it is measured."""
MOST_BENT = 0.75
"""Largest |a| / |d|: beyond it the series is not believed. Its authors take half of this, which gained less here."""
FLAT = 1e-11
"""|r''| / |r| below which it is the rounding of a linear problem."""


def levenberg_marquardt(
    residuals: Callable[[Tensor], Tensor],
    jacobian: Callable[[Tensor], Tensor],
    theta: Tensor,
    steps: int = 100,
    damping: float | None = None,
    gradient_tolerance: float = 1e-14,
    step_tolerance: float = 1e-12,
) -> Minimum:
    """Minimises |r(theta)|^2 / 2 by steps d of (J^T J + mu I) d = -J^T r, bent along the curvature of r.

        theta <- theta + d + a / 2,   (J^T J + mu I) a = -J^T r'',   r'' = 2 / h ((r(theta + h d) - r) / h - J d)

    r'' is the second derivative of r along d, from one residual more; where |a| > 0.75 |d|, d alone is taken.

    residuals: theta (p,) to r (m,); jacobian: theta to J = dr/dtheta (m, p), which the next call may overwrite; all
    float64.
    damping: mu at the start, 0 for a pure Gauss-Newton step, None for 1e-3 of the largest diagonal of J^T J.
    With fewer residuals than weights the same steps are found among the residuals: d = -J^T (J J^T + mu I)^-1 r.
    Stops when max|J^T r| <= gradient_tolerance or |d| <= step_tolerance (|theta| + step_tolerance).

    Source: Levenberg, Quart. Appl. Math. 2 (1944) 164; Marquardt, SIAM J. Appl. Math. 11 (1963) 431; among residuals
    (Woodbury) for PINNs: Guzman-Cordero, Dangel, Goldshlager and Zeinhofer, arXiv 2505.12149; the acceleration:
    Transtrum and Sethna, arXiv 1201.5885.
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
        normal = NormalMatrix(j.T if len(r) < len(theta) else j)

        while True:  # until a step lowers the loss
            solve = _least_squares(j, normal, control.mu)
            if solve is not None:
                step = solve(r)
                length = float(step.norm())
                if length <= step_tolerance * (float(theta.norm()) + step_tolerance):
                    return Minimum(theta, loss, tuple(losses), "small step", control.mu)
                curvature = 2 / SHORT * ((residuals(theta + SHORT * step) - r) / SHORT - j @ step)
                bend = solve(curvature) / 2
                is_bent = float(curvature.norm()) > FLAT * float(r.norm())
                move = step + bend if is_bent and 2 * float(bend.norm()) <= MOST_BENT * length else step
                trial = residuals(theta + move)
                fall = loss - float(trial @ trial) / 2
                if fall > 0:
                    break
            if not control.bad():
                return Minimum(theta, loss, tuple(losses), "small step", control.mu)

        gain = fall / float(step @ (control.mu * step - gradient) / 2)
        theta, r, loss = theta + move, trial, loss - fall
        losses.append(loss)
        control.good(gain)
    return Minimum(theta, loss, tuple(losses), "steps", control.mu if control else 0.0)


def _least_squares(j: Tensor, normal: NormalMatrix, mu: float) -> Callable[[Tensor], Tensor] | None:
    """What takes r (m,) to -(J^T J + mu I)^-1 J^T r, by J J^T where J has fewer rows than columns."""
    inverse = normal.damped(mu)
    if inverse is None:
        return None
    if j.shape[0] < j.shape[1]:
        return lambda r: -(j.T @ inverse(r))
    return lambda r: -inverse(j.T @ r)
