"""Residual rows that count by weights: the form in which every optimiser sees them."""

from __future__ import annotations

import torch
from torch import Tensor

from fieldwright.physics.pinn.residual_rows import ResidualRows


class WeightedRows:
    """sqrt(w) r and its Jacobian, for weights w (m,) of the rows, fixed while an optimiser runs."""

    def __init__(self, rows: ResidualRows, weights: Tensor) -> None:
        self._rows, self._roots = rows, weights.detach().sqrt()

    def __call__(self, theta: Tensor) -> Tensor:
        """sqrt(w) r (m,) at weights theta (p,)."""
        return self._roots * self._rows(theta)

    def graph(self, theta: Tensor) -> Tensor:
        """sqrt(w) r (m,), differentiable by theta (p,)."""
        return self._roots * torch.cat(list(self._rows.terms(theta).values()))

    def jacobian(self, theta: Tensor, out: Tensor | None = None) -> Tensor:
        """Its derivative (m, p) by theta (p,); `out` is written over if given."""
        return self._rows.jacobian(theta, self._roots, out)

    def value_and_gradient(self, theta: Tensor) -> tuple[float, Tensor]:
        """|sqrt(w) r|^2 / 2 and its gradient (p,)."""
        theta = theta.detach().clone().requires_grad_()
        loss = self.graph(theta).square().sum() / 2
        (gradient,) = torch.autograd.grad(loss, theta)
        return float(loss.detach()), gradient
