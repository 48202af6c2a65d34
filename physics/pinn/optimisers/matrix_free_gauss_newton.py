"""Damped Gauss-Newton steps by conjugate gradients, for more weights than a matrix can hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from fieldwright.physics.pinn.optimisers.damping import Damping
from fieldwright.physics.pinn.optimisers.linear_map import JacobianMap
from fieldwright.physics.pinn.optimisers.minimum import Minimum
from fieldwright.physics.pinn.optimisers.nystroem import NystroemPreconditioner


def matrix_free_gauss_newton(
    residuals: Callable[[Tensor], Tensor],
    theta: Tensor,
    steps: int = 100,
    damping: float | None = None,
    rank: int = 50,
    products: int = 200,
    gradient_tolerance: float = 1e-14,
    step_tolerance: float = 1e-12,
    check: Callable[[], None] = lambda: None,
) -> Minimum:
    """Minimises |r(theta)|^2 / 2 by steps d of (J^T J + mu I) d = -J^T r, from products with J and J^T alone.

    residuals: theta (p,) to r (m,), differentiable by theta. damping: mu at the start, None for 1e-3 of the largest
    eigenvalue of J^T J. rank: of the preconditioner's sketch; products: at most for each step.
    check: called before each of them, to break off.
    Conjugate gradients stop at min(1/2, sqrt|g|) |g|, so that steps grow exact towards the minimum.

    Source: Martens, Deep Learning via Hessian-Free Optimization, ICML 2010; for PINNs: Jnini, Vella and Zeinhofer,
    arXiv 2402.10680; forcing terms: Dembo, Eisenstat and Steihaug, SIAM J. Numer. Anal. 19 (1982) 400.
    """
    theta = theta.detach().clone()
    control = None if damping is None else Damping(damping)
    losses: list[float] = []
    loss = float("inf")
    for number in range(steps):
        jacobian = JacobianMap(residuals, theta)
        r = jacobian.residuals
        gradient = jacobian.transposed_times(r)
        loss = float(r @ r) / 2
        if not losses:
            losses.append(loss)
        if float(gradient.abs().max()) <= gradient_tolerance:
            return Minimum(theta, loss, tuple(losses), "small gradient", control.mu if control else 0.0)

        product = partial(_normal_times, jacobian, check)
        sketch = NystroemPreconditioner(product, min(rank, len(theta)), theta, seed=number)
        if control is None:
            control = Damping(1e-3 * _largest_eigenvalue(product, gradient))

        while True:  # until a step lowers the loss
            mu = control.mu
            step = _conjugate_gradients(
                lambda v, mu=mu, times=product: times(v) + mu * v,
                -gradient,
                lambda v, mu=mu, sketch=sketch: sketch.solve(v, mu),
                min(0.5, float(gradient.norm()) ** 0.5),
                products,
            )
            if float(step.norm()) <= step_tolerance * (float(theta.norm()) + step_tolerance):
                return Minimum(theta, loss, tuple(losses), "small step", control.mu)
            with torch.enable_grad():
                trial = residuals(theta + step).detach()
            fall = loss - float(trial @ trial) / 2
            if fall > 0:
                break
            if not control.bad():
                return Minimum(theta, loss, tuple(losses), "small step", control.mu)

        foreseen = -float(gradient @ step) - float(jacobian.times(step).square().sum()) / 2
        theta, loss = theta + step, loss - fall
        losses.append(loss)
        control.good(fall / foreseen)
    return Minimum(theta, loss, tuple(losses), "steps", control.mu if control else 0.0)


def _normal_times(jacobian: JacobianMap, check: Callable[[], None], v: Tensor) -> Tensor:
    check()
    return jacobian.normal_times(v)


def _conjugate_gradients(
    product: Callable[[Tensor], Tensor],
    right: Tensor,
    precondition: Callable[[Tensor], Tensor],
    tolerance: float,
    products: int,
) -> Tensor:
    """The x with |A x - b| <= tolerance |b|, or the last iterate; source: Hestenes and Stiefel (1952)."""
    x, defect = torch.zeros_like(right), right
    z = precondition(defect)
    along, rz = z, float(defect @ z)
    for _ in range(products):
        image = product(along)
        length = rz / float(along @ image)
        x, defect = x + length * along, defect - length * image
        if float(defect.norm()) <= tolerance * float(right.norm()):
            break
        z = precondition(defect)
        rz, before = float(defect @ z), rz
        along = z + rz / before * along
    return x


def _largest_eigenvalue(product: Callable[[Tensor], Tensor], start: Tensor) -> float:
    """By ten power iterations, which suffice for its size."""
    v = start
    for _ in range(10):
        v = product(v / v.norm())
    return float(v.norm())
