"""The interface of residuals for second-order optimisers."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Rows(Protocol):
    """Residuals r (m,) of weights theta (p,), in the forms that optimisers ask for."""

    def __call__(self, theta: Tensor) -> Tensor:
        """Residuals r (m,)."""
        ...

    def graph(self, theta: Tensor) -> Tensor:
        """Residuals r (m,), differentiable by theta."""
        ...

    def jacobian(self, theta: Tensor, out: Tensor | None = None) -> Tensor:
        """Jacobian dr / dtheta (m, p); `out` is written over if given."""
        ...

    def value_and_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """|r|^2 / 2 and its gradient (p,)."""
        ...
