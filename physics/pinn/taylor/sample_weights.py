"""Linear layers whose weights are the same for all samples, but whose derivative is each sample's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable


def linear_layer(x: Tensor, matrix: Tensor, bias: Tensor, factor: float = 1.0) -> Tensor:
    """Affine map f (W x + b) (C, n, branches, n_out) of Taylor coefficients x (C, n, branches, n_in).

    b adds to the first of the C, the value.

    matrix: W (n_out, n_in), or views (n, n_out, n_in) of one W that `Tensor.expand` makes; bias: b (1, n_out), or
    views (n, 1, n_out); factor: f. With views one product serves all samples, and the derivative by them holds each
    sample's; a second derivative by them is refused by torch.
    """
    layer = _SharedByViews if matrix.ndim == 3 else _Shared
    return layer.apply(x, matrix, bias, factor)


class _Shared(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, matrix: Tensor, bias: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(x, matrix)
        ctx.bias_shape, ctx.factor = bias.shape, factor
        return _result(x, factor * matrix, factor * bias)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        x, matrix = ctx.saved_tensors
        slope, factor = slopes[0], ctx.factor
        of_x = slope @ (factor * matrix) if ctx.needs_input_grad[0] else None
        of_matrix = factor * (slope.flatten(0, -2).T @ x.flatten(0, -2)) if ctx.needs_input_grad[1] else None
        return of_x, of_matrix, factor * slope[0].sum_to_size(ctx.bias_shape), None


class _SharedByViews(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, matrices: Tensor, bias: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(x, matrices)
        ctx.bias_shape, ctx.factor = bias.shape, factor
        return _result(x, factor * matrices[0], factor * bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        x, matrices = ctx.saved_tensors
        slope, factor = slopes[0], ctx.factor
        of_x = slope @ (factor * matrices[0]) if ctx.needs_input_grad[0] else None
        of_matrices = _of_each(x, slope, factor) if ctx.needs_input_grad[1] else None
        return of_x, of_matrices, factor * slope[0].sum_to_size(ctx.bias_shape), None


def _result(x: Tensor, matrix: Tensor, bias: Tensor) -> Tensor:
    result = x @ matrix.T
    result[0].add_(bias)
    return result


def _of_each(x: Tensor, slope: Tensor, factor: float) -> Tensor:
    """The factor times the sum of slope x^T over coefficients and branches, for each sample (n, n_out, n_in)."""
    channels, n, branches, n_in = x.shape
    n_out = slope.shape[-1]
    if branches == 1:
        left, right = slope[:, :, 0].permute(1, 2, 0), x[:, :, 0].permute(1, 0, 2)
    else:
        left = slope.permute(1, 3, 0, 2).reshape(n, n_out, channels * branches)
        right = x.permute(1, 0, 2, 3).reshape(n, channels * branches, n_in)
    result = x.new_empty(n, n_out, n_in)
    return torch.baddbmm(result, left, right, beta=0.0, alpha=factor, out=result)
