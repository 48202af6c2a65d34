"""A truncated Taylor series at each of many points, with the arithmetic of tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import factorial, prod
from typing import Any

import torch
from torch import Tensor

from fieldwright.physics.pinn.taylor.multi_indices import MultiIndices
from fieldwright.physics.pinn.taylor.sample_weights import linear_layer
from fieldwright.physics.pinn.taylor.series_products import activated, times


class TaylorSeries:
    """f(x) = sum over alpha of f_alpha (x - x_s)^alpha at each point x_s, for values (n, ...) of any shape.

    coefficients: f_alpha = d^alpha f(x_s) / alpha! (C, n, ...). Tensors that meet a series are constants of its shape
    or one that spreads to it. Functions of torch take it as a tensor: tanh, sigmoid, sin, cos, cat.
    """

    def __init__(self, coefficients: Tensor, indices: MultiIndices) -> None:
        self.coefficients, self.indices = coefficients, indices

    @classmethod
    def of_inputs(cls, points: Tensor, indices: MultiIndices) -> TaylorSeries:
        """The inputs (n, d) themselves, at the points (n, d)."""
        coefficients = points.new_zeros(len(indices.all), *points.shape)
        coefficients[0] = points.detach()
        for place, index in enumerate(indices.all):
            if sum(index) == 1:
                coefficients[place, :, index.index(1)] = 1.0
        return cls(coefficients, indices)

    def of_features(self, function: Callable[[Tensor], Tensor]) -> TaylorSeries:
        """A function (n, f) of inputs (n, d), row by row, where this is the series of the inputs themselves.

        By reverse differentiation, so the function may be any.
        """
        indices = self.indices
        with torch.enable_grad():
            x = self.coefficients[0].detach().clone().requires_grad_()
            derivatives: dict[tuple[int, ...], Tensor] = {}
            for index in indices.all:
                if not sum(index):
                    derivatives[index] = function(x)
                    continue
                k = next(i for i, number in enumerate(index) if number)
                if k >= x.shape[1]:  # an input that the function does not take
                    derivatives[index] = torch.zeros_like(derivatives[indices.all[0]])
                    continue
                below = derivatives[tuple(number - (i == k) for i, number in enumerate(index))]
                derivatives[index] = torch.stack([_slope(column, x, k) for column in below.unbind(1)], dim=1)
        factors = [prod(factorial(number) for number in index) for index in indices.all]
        pieces = [derivatives[index].detach() / f for index, f in zip(indices.all, factors, strict=True)]
        return self._like(torch.stack(pieces))

    def polynomial(self, shift: Tensor) -> Tensor:
        """The values (n, m) of a series of that shape at inputs (n, d) beyond the points by `shift`.

        Where the shift is zero, every derivative by it that the series holds is exact; higher ones are zero.
        """
        # What is zero but can be differentiated for ever, so that no derivative is without a graph.
        result = self.coefficients[0] + 0.0 * torch.exp(shift.sum(dim=1, keepdim=True))
        powers: dict[tuple[int, ...], Tensor] = {}
        for coefficient, index in zip(self.coefficients[1:].unbind(0), self.indices.all[1:], strict=True):
            k = next(i for i, number in enumerate(index) if number)
            lower = powers.get(tuple(number - (i == k) for i, number in enumerate(index)))
            column = shift[:, k, None]
            powers[index] = column if lower is None else lower * column
            result = result + powers[index] * coefficient
        return result

    def linear(self, matrix: Tensor, bias: Tensor, factor: float = 1.0) -> TaylorSeries:
        """The affine map factor (W f + b) along the last axis of f (n, branches, n_in), see `linear_layer`."""
        return self._like(linear_layer(self.coefficients, matrix, bias, factor))

    @property
    def shape(self) -> torch.Size:
        """That of the values (n, ...)."""
        return self.coefficients.shape[1:]

    @property
    def dtype(self) -> torch.dtype:
        """Of the coefficients."""
        return self.coefficients.dtype

    @property
    def device(self) -> torch.device:
        """Of the coefficients."""
        return self.coefficients.device

    def __len__(self) -> int:
        return self.coefficients.shape[1]

    def __getitem__(self, key: Any) -> TaylorSeries:
        keys = key if isinstance(key, tuple) else (key,)
        return self._like(self.coefficients[(slice(None), *keys)])

    def reshape(self, *shape: int) -> TaylorSeries:
        """The values (n, ...) in another shape."""
        return self._like(self.coefficients.reshape(len(self.coefficients), *shape))

    def expand(self, *shape: int) -> TaylorSeries:
        """The values spread along axes of length 1."""
        return self._like(self.coefficients.expand(len(self.coefficients), *shape))

    def flatten(self, start: int) -> TaylorSeries:
        """The values with all axes from `start` on as one."""
        return self._like(self.coefficients.flatten(start + 1))

    def __add__(self, other: TaylorSeries | Tensor | float) -> TaylorSeries:
        if isinstance(other, TaylorSeries):
            return self._like(self.coefficients + other.coefficients)
        return self._like(torch.cat([self.coefficients[:1] + other, self.coefficients[1:]]))

    def __neg__(self) -> TaylorSeries:
        return self._like(-self.coefficients)

    def __sub__(self, other: TaylorSeries | Tensor | float) -> TaylorSeries:
        return self + (-other)

    def __rsub__(self, other: Tensor | float) -> TaylorSeries:
        return -self + other

    def __mul__(self, other: TaylorSeries | Tensor | float) -> TaylorSeries:
        if isinstance(other, TaylorSeries):
            left, right = self.coefficients, other.coefficients
            if left.shape != right.shape:
                left, right = (one.contiguous() for one in torch.broadcast_tensors(left, right))
            return self._like(times(left, right, self.indices))
        return self._like(self.coefficients * other)

    def __truediv__(self, other: Tensor | float) -> TaylorSeries:
        return self._like(self.coefficients / other)

    def __matmul__(self, other: Tensor) -> TaylorSeries:
        return self._like(self.coefficients @ other)

    __radd__ = __add__
    __rmul__ = __mul__

    @classmethod
    def __torch_function__(
        cls,
        function: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """What torch's functions mean for series, and a tensor's operators with a series on their right."""
        if function not in _FUNCTIONS:
            return NotImplemented
        return _FUNCTIONS[function](*args, **(kwargs or {}))

    def _like(self, coefficients: Tensor) -> TaylorSeries:
        return TaylorSeries(coefficients, self.indices)


def _joined(pieces: Sequence[TaylorSeries | Tensor], dim: int = 0) -> TaylorSeries:
    series = next(piece for piece in pieces if isinstance(piece, TaylorSeries))
    n = len(series.coefficients)
    # A constant has no other coefficient than its value.
    coefficients = [
        piece.coefficients
        if isinstance(piece, TaylorSeries)
        else torch.cat([piece[None], piece.new_zeros(n - 1, *piece.shape)])
        for piece in pieces
    ]
    return series._like(torch.cat(coefficients, dim=dim + 1 if dim >= 0 else dim))


def _activation(name: Any) -> Callable[[TaylorSeries], TaylorSeries]:
    return lambda series: series._like(activated(name, series.coefficients, series.indices))


_FUNCTIONS: dict[Any, Callable[..., TaylorSeries]] = {
    torch.tanh: _activation("tanh"),
    torch.sigmoid: _activation("sigmoid"),
    torch.sin: _activation("sine"),
    torch.cos: lambda series: _activation("sine")(series + torch.pi / 2),
    torch.cat: _joined,
    torch.Tensor.add: lambda tensor, series: series + tensor,
    torch.Tensor.mul: lambda tensor, series: series * tensor,
    torch.Tensor.sub: lambda tensor, series: -series + tensor,
}
"""Tensor operators by the name under which torch hands them over."""


def _slope(column: Tensor, x: Tensor, k: int) -> Tensor:
    """The derivative (n,) of a column (n,) by input k."""
    if not column.requires_grad:
        return torch.zeros_like(column)
    (slope,) = torch.autograd.grad(column.sum(), x, create_graph=True, allow_unused=True)
    return torch.zeros_like(column) if slope is None else slope[:, k]
