"""The Jacobian of residuals as a linear map, without its matrix."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class JacobianMap:
    """J = dr/dtheta at one theta: J v and J^T w, each by one backward pass through the graph made once.

    residuals: theta (p,) to r (m,), differentiable by theta.
    J v is the derivative of w -> J^T w in the direction v, taken backwards as well: equations hold backward passes
    already, which torch's forward mode would run three times slower.
    """

    def __init__(self, residuals: Callable[[Tensor], Tensor], theta: Tensor) -> None:
        self._theta = theta.detach().clone().requires_grad_()
        self._r = residuals(self._theta)
        self._w = torch.zeros_like(self._r, requires_grad=True)
        (self._pulled,) = torch.autograd.grad(self._r, self._theta, self._w, create_graph=True)

    @property
    def residuals(self) -> Tensor:
        """Residuals r (m,)."""
        return self._r.detach()

    def times(self, v: Tensor) -> Tensor:
        """J v (m,) of v (p,)."""
        return torch.autograd.grad(self._pulled, self._w, v, retain_graph=True)[0]

    def transposed_times(self, w: Tensor) -> Tensor:
        """J^T w (p,) of w (m,)."""
        return torch.autograd.grad(self._r, self._theta, w, retain_graph=True)[0]

    def normal_times(self, v: Tensor) -> Tensor:
        """J^T J v (p,) of v (p,)."""
        return self.transposed_times(self.times(v))
