"""A network's residuals as one vector of its weights, with the exact Jacobian, for least-squares optimisers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.conditions import SoftCondition
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.taylor.multi_indices import MultiIndices
from fieldwright.physics.pinn.taylor.output_functions import Output
from fieldwright.physics.pinn.taylor.solution_series import (
    EXAMPLES,
    Columns,
    OutputSeries,
    agrees_with_series,
    derivatives_of,
)


class ResidualRows:
    """r(theta) = the equations at the collocation points, the soft conditions, the misfit to measurements.

        |r|^2 = mean over points of (residual / scale)^2 + sum over soft conditions of weight * mean error^2
              + sum over outputs of weight * mean over measurements of (u - value)^2

    The network's derivatives pass through the layers with its values, as Taylor series (see `OutputSeries`). The
    Jacobian takes one backward pass for each equation: every sample gets its own view of the weights, so that the
    gradient of the sum over samples holds each sample's derivative in its own row. Exact for any order.
    """

    def __init__(
        self, network: SolutionNetwork, points: np.ndarray, scale: float, measured: Measurements | None = None
    ) -> None:
        self.network = network
        self._points, self._scale = torch.as_tensor(points, device=network.device), scale
        self._measured = measured
        self._blocks = [self._equations(self._points)]
        self._conditions = [self._condition(one, i) for i, one in enumerate(network.problem.soft, 1)]
        self._blocks += self._conditions
        if measured is not None:
            self._blocks.append(self._misfits(measured))

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
        weights, columns = self.network.unflat(theta), []
        for block in self._blocks:
            columns += [column.detach() for column in block.columns(self._output(block), weights)]
            dde.grad.clear()
        return torch.cat(columns)[:, 0]

    def terms(self, theta: Tensor) -> dict[str, Tensor]:
        """The pieces of r (m_i,) by the name of their loss, in order, differentiable by theta (p,)."""
        pieces: dict[str, Tensor] = {}
        weights = self.network.unflat(theta)
        for block in self._blocks:
            for column in block.columns(self._output(block), weights):
                number = sum(name.startswith(block.kind) for name in pieces) + 1
                pieces[f"{block.kind} {number}"] = column[:, 0]
            dde.grad.clear()
        return pieces

    def jacobian(self, theta: Tensor, factors: Tensor | None = None, out: Tensor | None = None) -> Tensor:
        """J = dr / dtheta (m, p) at weights theta (p,), its rows times `factors` (m,).

        out: a Jacobian to be written over, if given.
        """
        weights, parts = self.network.unflat(theta.detach()), []
        for block in self._blocks:
            # Views, not copies: one product serves all samples, see `linear_layer`.
            views = [weight.expand(len(block.points), *weight.shape).requires_grad_() for weight in weights]
            parts.append((views, block.columns(self._output(block), views)))
            dde.grad.clear()
        n_rows = sum(len(column) for _, columns in parts for column in columns)
        result = theta.new_empty(n_rows, len(theta)) if out is None else out
        row = 0
        for views, columns in parts:
            for column in columns:
                rows = slice(row, row := row + len(column))
                factor = torch.ones_like(column) if factors is None else factors[rows, None]
                slopes = torch.autograd.grad(
                    column, views, factor, retain_graph=column is not columns[-1], allow_unused=True
                )
                _fill(result[rows], views, slopes)
        return result

    def sizes(self) -> np.ndarray:
        """Relative residual |residual| / scale (n,) at each collocation point, with the network's own weights."""
        columns = self._nested(self._blocks[:1])
        return torch.cat(columns, dim=1).norm(dim=1).cpu().numpy() * len(self._points) ** 0.5

    def condition_error(self) -> float:
        """Root of the weighted mean square errors of all soft conditions, with the network's own weights."""
        return float(sum(float(column.square().sum()) for column in self._nested(self._conditions)) ** 0.5)

    def differentiate_as_it_stands(self) -> None:
        """Has all derivatives taken one inside the other from now on, without Taylor series."""
        for block in self._blocks:
            block.output = self.network.output

    def _nested(self, blocks: Sequence[_Block]) -> list[Tensor]:
        """Columns by nested differentiation, which assumes nothing: by them a training is evaluated."""
        columns = []
        for block in blocks:
            residuals = block.columns(self.network.output, list(self.network.weights))
            columns += [column.detach() for column in residuals]
            dde.grad.clear()
        return columns

    def _output(self, block: _Block) -> Output:
        """The network's output at the block's points: its Taylor series where these give the same columns."""
        if block.output is None:
            indices = self._derivatives(block)
            block.output = (
                OutputSeries(self.network, block.points, indices) if indices else self.network.output
            )
        return block.output

    def _derivatives(self, block: _Block) -> MultiIndices | None:
        """Those that the block depends on: of earlier points where they suffice; None where no series does."""
        network, examples = self.network, block.examples or block
        if block.name in network.derivatives:
            earlier = network.derivatives[block.name]
            if earlier is None or agrees_with_series(block.columns, network, block.points, earlier):
                return earlier
        indices = derivatives_of(examples.columns, network, examples.points)
        if indices and not agrees_with_series(block.columns, network, block.points, indices):
            indices = derivatives_of(block.columns, network, block.points)
        network.derivatives[block.name] = indices
        return indices

    def _equations(self, points: Tensor) -> _Block:
        network, number = self.network, len(points)

        def columns(output: Output, weights: Sequence[Tensor]) -> list[Tensor]:
            x = points.detach().requires_grad_()
            u = network.evaluate(x, weights, output)
            residuals = network.problem.equations(x, u, network.coefficients(x, weights))
            return [column / (self._scale * number**0.5) for column in residuals]

        examples = None if number <= EXAMPLES else self._equations(points[:: -(-number // EXAMPLES)])
        return _Block("equation", "equation", points, columns, examples)

    def _condition(self, soft: SoftCondition, number: int) -> _Block:
        network = self.network
        # Points that face each other are of one set of varied coefficients.
        points, varied = torch.as_tensor(soft.points, device=network.device), None
        if network.varied:
            low, high = (corner[soft.points.shape[1] :] for corner in network.input_bounds)
            share = np.random.default_rng(0).random((len(soft.points) // soft.copies, len(low)))
            varied = torch.as_tensor(low + (high - low) * share, device=network.device).repeat(soft.copies, 1)
            points = torch.cat([points, varied], dim=1)

        def columns(output: Output, weights: Sequence[Tensor]) -> list[Tensor]:
            error = soft.error(
                lambda x, c: network.evaluate(x, weights, output),
                lambda x: network.coefficients(x, weights),
                varied,
            )
            return [(soft.weight / len(error)) ** 0.5 * error]

        return _Block("condition", f"condition {number}", points, columns)

    def _misfits(self, measured: Measurements) -> _Block:
        network = self.network
        inputs, values = (
            torch.as_tensor(array, device=network.device) for array in (measured.inputs, measured.values)
        )
        weight = torch.as_tensor(measured.weights, device=network.device)

        def columns(output: Output, weights: Sequence[Tensor]) -> list[Tensor]:
            gap = network.evaluate(inputs, weights, output) - values
            gap = torch.where(torch.isnan(values), torch.zeros_like(gap), gap) * (weight / len(inputs)) ** 0.5
            return [gap[:, i, None] for i in range(gap.shape[1])]

        # Measured are values alone.
        values_alone = OutputSeries(network, inputs, MultiIndices.up_to(0, inputs.shape[1]))
        return _Block("measurement", "measurement", inputs, columns, output=values_alone)


def _fill(rows: Tensor, views: Sequence[Tensor], slopes: Sequence[Tensor | None]) -> None:
    """Writes each sample's slopes by its views of the weights into its row."""
    end = 0
    for view, slope in zip(views, slopes, strict=True):
        begin, end = end, end + view[0].numel()
        place = rows[:, begin:end]
        if slope is None:
            place.zero_()
            continue
        # An error of a periodic condition is made of two samples.
        first, *others = slope.reshape(len(view), -1).split(len(rows))
        place.copy_(first)
        for other in others:
            place.add_(other)


@dataclass(eq=False)
class _Block:
    """Columns that are to vanish, at points (n, d + p) of the inputs.

    kind: of the loss; name: of the block; examples: the same at a few of the points; output: what `columns` takes.
    """

    kind: str
    name: str
    points: Tensor
    columns: Columns
    examples: _Block | None = None
    output: Output | None = None
