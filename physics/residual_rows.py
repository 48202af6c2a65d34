"""A network's residuals as one vector of its weights, with the exact Jacobian, for least-squares optimisers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from physics.deepxde_torch import dde
from physics.network import TanhNetwork


@dataclass(frozen=True, eq=False)
class Measurements:
    """Values (n, m) of the solution measured at inputs (n, d + p); NaN where an output was not measured."""

    inputs: np.ndarray
    values: np.ndarray


class ResidualRows:
    """r(theta) = the equations at the collocation points, then the misfit to measurements, each as a mean square.

        |r|^2 = mean over points of (residual / scale)^2 + mean over measurements of (u - value)^2

    The Jacobian takes one backward pass for each equation: every sample gets its own copy of the weights, so that
    the gradient of the sum over samples holds each sample's derivative in its own row. Exact for any order.
    """

    def __init__(
        self, network: TanhNetwork, points: np.ndarray, scale: float, measured: Measurements | None = None
    ) -> None:
        self.network = network
        self._blocks: list[tuple[Tensor, Callable[[Tensor, Sequence[Tensor]], list[Tensor]]]] = [
            (torch.from_numpy(points), lambda x, weights: self._equations(x, weights, scale))
        ]
        if measured is not None:
            values = torch.from_numpy(measured.values)
            self._blocks.append(
                (torch.from_numpy(measured.inputs), lambda x, weights: self._misfits(x, weights, values))
            )

    def __call__(self, theta: Tensor) -> Tensor:
        """r (m,) at weights theta (p,)."""
        weights = self.network.unflat(theta)
        rows = []
        for points, block in self._blocks:
            rows += [column.detach() for column in block(points.detach().requires_grad_(), weights)]
            dde.grad.clear()
        return torch.cat(rows)[:, 0]

    def jacobian(self, theta: Tensor) -> Tensor:
        """J = dr / dtheta (m, p) at weights theta (p,)."""
        pieces = []
        for points, block in self._blocks:
            each = theta.detach().expand(len(points), -1).clone().requires_grad_()
            columns = block(points.detach().requires_grad_(), self.network.unflat(each))
            for column in columns:
                (rows,) = torch.autograd.grad(column.sum(), each, retain_graph=column is not columns[-1])
                pieces.append(rows)
            dde.grad.clear()
        return torch.cat(pieces)

    def sizes(self) -> np.ndarray:
        """Relative residual |residual| / scale (n,) at each collocation point, with the network's own weights."""
        points, block = self._blocks[0]
        columns = block(points.detach().requires_grad_(), list(self.network.weights))
        dde.grad.clear()
        return torch.cat(columns, dim=1).detach().norm(dim=1).numpy() * len(points) ** 0.5

    def _equations(self, x: Tensor, weights: Sequence[Tensor], scale: float) -> list[Tensor]:
        u = self.network.evaluate(x, weights)
        columns = self.network.problem.residual(x, u, self.network.coefficients(x, weights))
        return [column / (scale * len(x) ** 0.5) for column in columns]

    def _misfits(self, x: Tensor, weights: Sequence[Tensor], values: Tensor) -> list[Tensor]:
        gap = self.network.evaluate(x, weights) - values
        gap = torch.where(torch.isnan(values), torch.zeros_like(gap), gap) / len(x) ** 0.5
        return [gap[:, i, None] for i in range(gap.shape[1])]
