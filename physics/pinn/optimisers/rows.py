"""What a second-order optimiser asks of residuals."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Rows(Protocol):
    """Residuals r (m,) of weights theta (p,), in the forms that optimisers ask for."""

    def __call__(self, theta: Tensor) -> Tensor:
        """r (m,)."""
        ...

    def graph(self, theta: Tensor) -> Tensor:
        """r (m,), differentiable by theta."""
        ...

    def jacobian(self, theta: Tensor) -> Tensor:
        """dr / dtheta (m, p)."""
        ...

    def value_and_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """|r|^2 / 2 and its gradient (p,)."""
        ...
