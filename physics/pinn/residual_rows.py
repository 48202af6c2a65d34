"""A network's residuals as one vector of its weights, with the exact Jacobian, for least-squares optimisers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.conditions import SoftCondition
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork


class ResidualRows:
    """r(theta) = the equations at the collocation points, the soft conditions, the misfit to measurements.

        |r|^2 = mean over points of (residual / scale)^2 + sum over soft conditions of weight * mean error^2
              + sum over outputs of weight * mean over measurements of (u - value)^2

    The Jacobian takes one backward pass for each equation: every sample gets its own copy of the weights, so that
    the gradient of the sum over samples holds each sample's derivative in its own row. Exact for any order.
    """

    def __init__(
        self, network: SolutionNetwork, points: np.ndarray, scale: float, measured: Measurements | None = None
    ) -> None:
        self.network = network
        self._points, self._scale = torch.as_tensor(points, device=network.device), scale
        self._blocks: list[tuple[str, int, Callable[[Sequence[Tensor]], list[Tensor]]]] = [
            ("equation", len(points), self._equations)
        ]
        self._measured = measured
        self._conditions = [("condition", *self._condition(condition)) for condition in network.problem.soft]
        self._blocks += self._conditions
        if measured is not None:
            inputs, values = (
                torch.as_tensor(array, device=network.device) for array in (measured.inputs, measured.values)
            )
            weight = torch.as_tensor(measured.weights, device=network.device)
            self._blocks.append(
                ("measurement", len(values), lambda weights: self._misfits(inputs, values, weight, weights))
            )

    @property
    def points(self) -> Tensor:
        """The collocation points (n, d + p)."""
        return self._points

    def inputs_of(self, name: str) -> np.ndarray:
        """The inputs (n, d) of the piece of that name, as `terms` names them."""
        kind, number = name.split()
        if kind == "equation":
            return self._points.detach().cpu().numpy()
        if kind == "condition":
            soft = self.network.problem.soft[int(number) - 1]
            return soft.points[: len(soft.points) // soft.copies]
        assert self._measured is not None
        return self._measured.inputs

    def __call__(self, theta: Tensor) -> Tensor:
        """Residuals r (m,) at weights theta (p,)."""
        return torch.cat(self._columns(self._blocks, self.network.unflat(theta)))[:, 0]

    def terms(self, theta: Tensor) -> dict[str, Tensor]:
        """The pieces of r (m_i,) by the name of their loss, in order, differentiable by theta (p,)."""
        pieces: dict[str, Tensor] = {}
        weights = self.network.unflat(theta)
        for kind, _, block in self._blocks:
            for column in block(weights):
                number = sum(name.startswith(kind) for name in pieces) + 1
                pieces[f"{kind} {number}"] = column[:, 0]
            dde.grad.clear()
        return pieces

    def jacobian(self, theta: Tensor) -> Tensor:
        """J = dr / dtheta (m, p) at weights theta (p,)."""
        weights, pieces = self.network.unflat(theta.detach()), []
        for _, samples, block in self._blocks:
            # Views, not copies: the samples' own weights stay in the cache.
            each = [weight.expand(samples, *weight.shape).requires_grad_() for weight in weights]
            columns = block(each)
            for column in columns:
                slopes = torch.autograd.grad(
                    column.sum(), each, retain_graph=column is not columns[-1], allow_unused=True
                )
                piece, end = theta.new_zeros(len(column), len(theta)), 0
                for weight, slope in zip(weights, slopes, strict=True):
                    begin, end = end, end + weight.numel()
                    if slope is not None:
                        # An error of a periodic condition is made of two samples.
                        first, *others = slope.reshape(samples, -1).split(len(column))
                        piece[:, begin:end] = sum(others, first)
                pieces.append(piece)
            dde.grad.clear()
        return torch.cat(pieces) if len(pieces) > 1 else pieces[0]

    def sizes(self) -> np.ndarray:
        """Relative residual |residual| / scale (n,) at each collocation point, with the network's own weights."""
        columns = self._columns(self._blocks[:1], list(self.network.weights))
        return torch.cat(columns, dim=1).norm(dim=1).cpu().numpy() * len(self._points) ** 0.5

    def condition_error(self) -> float:
        """Root of the weighted mean square errors of all soft conditions, with the network's own weights."""
        columns = self._columns(self._conditions, list(self.network.weights))
        return float(sum(float(column.square().sum()) for column in columns) ** 0.5)

    def _columns(self, blocks: Sequence[tuple], weights: Sequence[Tensor]) -> list[Tensor]:
        columns = []
        for *_, block in blocks:
            columns += [column.detach() for column in block(weights)]
            dde.grad.clear()
        return columns

    def _equations(self, weights: Sequence[Tensor]) -> list[Tensor]:
        x = self._points.detach().requires_grad_()
        u = self.network.evaluate(x, weights)
        columns = self.network.problem.equations(x, u, self.network.coefficients(x, weights))
        return [column / (self._scale * len(x) ** 0.5) for column in columns]

    def _condition(self, soft: SoftCondition) -> tuple[int, Callable[[Sequence[Tensor]], list[Tensor]]]:
        network = self.network
        # Points that face each other are of one set of varied coefficients.
        varied = None
        if network.varied:
            low, high = (corner[soft.points.shape[1] :] for corner in network.input_bounds)
            share = np.random.default_rng(0).random((len(soft.points) // soft.copies, len(low)))
            varied = torch.as_tensor(low + (high - low) * share, device=network.device).repeat(soft.copies, 1)

        def rows(weights: Sequence[Tensor]) -> list[Tensor]:
            error = soft.error(
                lambda x, c: network.evaluate(x, weights), lambda x: network.coefficients(x, weights), varied
            )
            return [(soft.weight / len(error)) ** 0.5 * error]

        return len(soft.points), rows

    def _misfits(
        self, inputs: Tensor, values: Tensor, weight: Tensor, weights: Sequence[Tensor]
    ) -> list[Tensor]:
        gap = self.network.evaluate(inputs, weights) - values
        gap = torch.where(torch.isnan(values), torch.zeros_like(gap), gap) * (weight / len(inputs)) ** 0.5
        return [gap[:, i, None] for i in range(gap.shape[1])]
