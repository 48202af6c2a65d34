"""A network's solution at fixed points, by the Taylor series of its output there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.taylor.multi_indices import MultiIndices
from fieldwright.physics.pinn.taylor.output_functions import Output
from fieldwright.physics.pinn.taylor.taylor_series import TaylorSeries

if TYPE_CHECKING:
    from fieldwright.physics.pinn.network import SolutionNetwork

Columns = Callable[[Output, Sequence[Tensor]], list[Tensor]]
"""What is to vanish, as columns (n, 1), for an output and the weights."""

MOST_ORDER = 8
MOST_INDICES = 100
EXAMPLES = 30
"""Points at which it is determined which derivatives count."""
SAME = 1e-8
"""Relative difference of columns by both ways: rounding grows with the order of the derivatives."""


class OutputSeries:
    """The output N (n, m) of a network near fixed points (n, d + p), with the derivatives of `indices` and no others.

    Called with inputs that equal the points, it is differentiable by them: see `TaylorSeries.polynomial`. The value
    and all derivatives pass through the layers together, one matrix product for each layer.
    """

    def __init__(self, network: SolutionNetwork, points: Tensor, indices: MultiIndices) -> None:
        self._network, self._points = network, points.detach()
        self._inputs = TaylorSeries.of_inputs(self._points, indices)
        # The layers take a series for a tensor.
        self._groups = network.embedding.groups(network.coordinates(cast(Tensor, self._inputs)))
        self._features: tuple[float, Tensor] | None = None

    def __call__(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """N (n, m) at inputs x (n, d + p), with these weights."""
        output = self._network.output(cast(Tensor, self._inputs), weights, self._embed)
        return cast(TaylorSeries, output).polynomial(x - self._points)

    def _embed(self, weights: Iterator[Tensor]) -> Tensor:
        """The features, made once as long as no training changes them."""
        embedding = self._network.embedding
        if embedding.has_weights:
            return embedding.of_groups(self._groups, weights)
        if self._features is None or self._features[0] != embedding.revealed:
            self._features = (embedding.revealed, embedding.of_groups(self._groups, weights))
        return self._features[1]


def derivatives_of(columns: Columns, network: SolutionNetwork, points: Tensor) -> MultiIndices | None:
    """The derivatives of the output N on which the columns depend, with all that are smaller.

    columns: for the output at these points (n, d + p). They follow from the slopes of the columns for random
    coefficients of N; None where series do not give the columns that nested differentiation gives, as for orders
    above MOST_ORDER.
    """
    expected = _of_examples(columns, network, network.output)
    for order in range(MOST_ORDER + 1):
        every = MultiIndices.up_to(order, points.shape[1])
        if len(every.all) > MOST_INDICES:
            return None
        if not _agree(expected, _of_examples(columns, network, OutputSeries(network, points, every))):
            continue
        used = MultiIndices.with_smaller(_with_slope(columns, network, points, every), points.shape[1])
        agree = _agree(expected, _of_examples(columns, network, OutputSeries(network, points, used)))
        return used if agree else every
    return None


def agrees_with_series(
    columns: Columns, network: SolutionNetwork, points: Tensor, indices: MultiIndices
) -> bool:
    """Whether these derivatives suffice, with the coefficients and weights as they are now."""
    values = _of_examples(columns, network, OutputSeries(network, points, indices))
    return _agree(_of_examples(columns, network, network.output), values)


def _of_examples(columns: Columns, network: SolutionNetwork, output: Output) -> list[Tensor]:
    """The columns with the weights as they are, and with drawn ones: derivatives of those there are may be zero."""
    generator, values = torch.Generator("cpu").manual_seed(0), []
    weights = [weight.detach() for weight in network.weights]
    noise = [torch.randn(one.shape, generator=generator, dtype=one.dtype, device="cpu") for one in weights]
    drawn = [one + other.to(one.device) for one, other in zip(weights, noise, strict=True)]
    for each in (weights, drawn):
        try:
            values.append(torch.cat(columns(output, each), dim=1).detach())
        finally:
            dde.grad.clear()
    return values


def _agree(expected: Sequence[Tensor], values: Sequence[Tensor]) -> bool:
    """Whether both are the same wherever what is expected is finite, and it is so at one point at least."""
    for one, other in zip(expected, values, strict=True):
        rows = torch.isfinite(one)
        difference, size = (one - other)[rows].abs(), one[rows].abs()
        if not len(size) or not bool((difference <= SAME * size.max()).all()):
            return False
    return True


def _with_slope(
    columns: Columns, network: SolutionNetwork, points: Tensor, every: MultiIndices
) -> list[tuple[int, ...]]:
    """The indices of which the columns have a slope, for an output of random coefficients."""
    generator = torch.Generator("cpu").manual_seed(0)
    shape = (len(every.all), len(points), len(network.problem.outputs))
    random = torch.randn(shape, generator=generator, dtype=points.dtype, device="cpu")
    random = random.to(points.device).requires_grad_()

    def output(x: Tensor, _: Sequence[Tensor]) -> Tensor:
        return TaylorSeries(random, every).polynomial(x - points)

    values = torch.cat(columns(output, [weight.detach() for weight in network.weights]), dim=1)
    share = torch.rand(values.shape, generator=generator, dtype=points.dtype, device="cpu")
    weighted = (values * share.to(points.device)).sum()
    (slopes,) = torch.autograd.grad(weighted, random, allow_unused=True, materialize_grads=True)
    dde.grad.clear()
    pairs = zip(every.all, slopes, strict=True)
    return [index for index, slope in pairs if _differs_from_zero(slope[torch.isfinite(slope)])]


def _differs_from_zero(slopes: Tensor) -> bool:
    """Whether one of them does; where none is finite, they may."""
    return not len(slopes) or bool((slopes != 0).any())
