"""Self-scaled Broyden: a quasi-Newton method that rescales its inverse Hessian and mixes BFGS and DFP as it goes."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import line_search
from torch import Tensor

from fieldwright.physics.pinn.optimisers.minimum import Minimum

ValueAndGradient = Callable[[Tensor], tuple[float, Tensor]]


def self_scaled_broyden(
    value_and_gradient: ValueAndGradient,
    theta: Tensor,
    steps: int = 500,
    gradient_tolerance: float = 1e-14,
) -> Minimum:
    """Minimises a function by d = -H g, H by `self_scaled_update`, with steps that meet the strong Wolfe conditions.

    value_and_gradient: theta (p,) to the loss and its gradient (p,), float64. H (p, p) is kept whole. Where a search
    fails, H starts again from the identity; where that fails too, no step improves.

    Source: Urban, Stefanou and Pons, J. Comput. Phys. 523 (2025) 113656; Kiyani et al., Comput. Methods Appl. Mech.
    Eng. 446 (2025) 118308; line search of SciPy (Nocedal and Wright, Numerical Optimization, section 3.5).
    """
    theta = theta.detach().clone()
    loss, gradient = value_and_gradient(theta)
    losses = [loss]
    inverse, fresh = _first(gradient), True
    for _ in range(steps):
        if float(gradient.abs().max()) <= gradient_tolerance:
            return Minimum(theta, loss, tuple(losses), "small gradient")
        length = _wolfe_length(value_and_gradient, theta, -(inverse @ gradient), loss, gradient)
        if length is None and not fresh:
            inverse, fresh = _first(gradient), True
            length = _wolfe_length(value_and_gradient, theta, -(inverse @ gradient), loss, gradient)
        if length is None:
            return Minimum(theta, loss, tuple(losses), "small step")
        step = -length * (inverse @ gradient)
        new_loss, new_gradient = value_and_gradient(theta + step)
        change = new_gradient - gradient
        inverse_step = -length * gradient
        if fresh:  # the curvature along the first step is a better unit than that of `_first`
            unit = float(change @ step) / float(change @ change)
            inverse = unit * torch.eye(len(theta), dtype=theta.dtype, device=theta.device)
            inverse_step = step / unit
        inverse, fresh = self_scaled_update(inverse, step, change, inverse_step), False
        theta, loss, gradient = theta + step, new_loss, new_gradient
        losses.append(loss)
    return Minimum(theta, loss, tuple(losses), "steps")


def self_scaled_update(inverse: Tensor, s: Tensor, y: Tensor, inverse_s: Tensor) -> Tensor:
    """The next inverse Hessian (p, p) after a step s (p,) that changed the gradient by y (p,).

        H+ = (H - H y y^T H / y^T H y + phi v v^T) / tau + s s^T / y^T s
        v = sqrt(y^T H y) (s / y^T s - H y / y^T H y)

    inverse_s: H^-1 s (p,), which a line search knows as -length * gradient.
    phi (1: BFGS, 0: DFP) and the scale tau follow from b = s^T H^-1 s / y^T s and h = y^T H y / y^T s. H+ y = s, and
    H+ is positive definite if H is and y^T s > 0.

    Source: Al-Baali, Comput. Optim. Appl. 9 (1998) 191, as in Urban, Stefanou and Pons (2025), equations 13 to 23.
    """
    ys = float(y @ s)
    hy = inverse @ y
    yhy = float(y @ hy)
    b, h = float(s @ inverse_s) / ys, yhy / ys
    a = max(
        h * b - 1, 0.0
    )  # zero, by Cauchy and Schwarz, where s and H y are parallel: there phi has no effect
    theta = 0.0
    if a > 0:
        rho = min(1.0, h * (1 - (a / (1 + a)) ** 0.5))
        theta = max((rho - 1) / a, min(1 / rho, (1 - b) / b))
    sigma = 1 + a * theta
    phi = (1 - theta) / sigma
    root = sigma ** (1 / (1 - len(s))) if len(s) > 1 else 1.0
    tau = min(1.0, 1 / b) * min(root, 1 / theta) if theta > 0 else min(min(1.0, 1 / b) * root, sigma)
    v = yhy**0.5 * (s / ys - hy / yhy)
    return (inverse - torch.outer(hy, hy) / yhy + phi * torch.outer(v, v)) / tau + torch.outer(s, s) / ys


def _first(gradient: Tensor) -> Tensor:
    """The identity, scaled so that the first step is no longer than 1."""
    scale = 1 / max(1.0, float(gradient.norm()))
    return scale * torch.eye(len(gradient), dtype=gradient.dtype, device=gradient.device)


def _wolfe_length(
    value_and_gradient: ValueAndGradient, theta: Tensor, along: Tensor, loss: float, gradient: Tensor
) -> float | None:
    """A length that meets the strong Wolfe conditions, or None."""
    cache: dict[bytes, tuple[float, np.ndarray]] = {}

    def at(x: np.ndarray) -> tuple[float, np.ndarray]:
        key = x.tobytes()
        if key not in cache:
            value, slope = value_and_gradient(torch.from_numpy(x).to(theta.device))
            cache[key] = (value, slope.cpu().numpy())
        return cache[key]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a failed search returns None
        length, *_ = line_search(
            lambda x: at(x)[0],
            lambda x: at(x)[1],
            theta.cpu().numpy(),
            along.cpu().numpy(),
            gfk=gradient.cpu().numpy(),
            old_fval=loss,
        )
    return None if length is None else float(length)
