"""Partial derivatives of a solution by its coordinates, for writing residuals."""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.pinn.deepxde_torch import dde


def derivative(u: Tensor, x: Tensor, *along: int, of: int = 0) -> Tensor:
    """The partial derivative (n, 1) of output `of` of u (n, m) by the columns `along` of x (n, d), exact.

    derivative(u, x, 0, 0, 1, of=2) is d^3 u_2 / dx_0^2 dx_1. Derivatives that share their first coordinates are taken
    once: DeepXDE remembers them until `dde.grad.clear()`. Raises IndexError when no coordinate is named.
    Source: reverse-mode differentiation of Lu, Meng, Mao and Karniadakis, DeepXDE, SIAM Review 63 (2021) 208.
    """
    first, *others = along
    result = _partial(u, x, of, first)
    for column in others:
        result = _partial(result, x, 0, column)
    return result


def _partial(u: Tensor, x: Tensor, of: int, along: int) -> Tensor:
    if not u.requires_grad:  # a constant, such as the second derivative of a linear solution's slope
        return torch.zeros_like(u[:, :1])
    result = dde.grad.jacobian(u, x, i=of, j=along)
    assert isinstance(result, Tensor)  # DeepXDE's annotations leave this open
    return result
