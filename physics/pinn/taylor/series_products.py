"""Products and activations of truncated Taylor series, with derivatives for training.

A series is a tensor (C, n, ...) of the coefficients f_alpha = d^alpha f / alpha! at n points, in the order of its
`MultiIndices`.

Source of the recurrences: Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 13.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.autograd import Function

from fieldwright.physics.pinn.taylor.multi_indices import MultiIndices

Name = Literal["tanh", "sigmoid", "sine"]


def times(f: Tensor, g: Tensor, indices: MultiIndices) -> Tensor:
    """The product f g: (f g)_alpha = sum over beta <= alpha of f_beta g_(alpha - beta)."""
    return _Product.apply(f, g, indices)


def activated(name: Name, z: Tensor, indices: MultiIndices) -> Tensor:
    """sigma(z) of that name.

    With w = sigma'(z):  alpha_k y_alpha = sum over beta <= alpha of beta_k z_beta w_(alpha - beta)  for any k; w
    follows from y (1 - y^2 for tanh, y - y^2 for the sigmoid), or goes along with it (cosine).
    """
    return _Activated.apply(name, z, indices)


class _Product(Function):
    @staticmethod
    def forward(ctx: Any, f: Tensor, g: Tensor, indices: MultiIndices) -> Tensor:
        ctx.save_for_backward(f, g)
        ctx.indices = indices
        return _product(f, g, indices)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        f, g = ctx.saved_tensors
        (slope,) = slopes
        of_f = _transposed(slope, g, ctx.indices) if ctx.needs_input_grad[0] else None
        of_g = _transposed(slope, f, ctx.indices) if ctx.needs_input_grad[1] else None
        return of_f, of_g, None


class _Activated(Function):
    @staticmethod
    def forward(ctx: Any, name: Name, z: Tensor, indices: MultiIndices) -> Tensor:
        y, w = _with_slope(name, z, indices)
        ctx.save_for_backward(z, y, w)
        ctx.name, ctx.indices = name, indices
        return y

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        z, y, w = ctx.saved_tensors
        if torch.is_grad_enabled():  # w as a function of z, for a derivative of the derivative
            w = _slope(ctx.name, z, y, ctx.indices)
        return None, _transposed(slopes[0], w, ctx.indices), None


def _product(f: Tensor, g: Tensor, indices: MultiIndices) -> Tensor:
    result = f * g[0]
    result[1:].addcmul_(f[0], g[1:])
    for place, pairs in enumerate(indices.pairs):
        for i, j in pairs:
            if i and j:
                result[place].addcmul_(f[i], g[j])
    return result


def _transposed(slope: Tensor, g: Tensor, indices: MultiIndices) -> Tensor:
    """The sum over alpha >= beta of slope_alpha g_(alpha - beta), for every beta: the transposed product with g."""
    result = slope * g[0]
    for place, pairs in enumerate(indices.pairs):
        for i, j in pairs:
            if j:
                result[i].addcmul_(slope[place], g[j])
    return result


def _slope(name: Name, z: Tensor, y: Tensor, indices: MultiIndices) -> Tensor:
    """sigma'(z), differentiable by z."""
    if name == "sine":
        return activated("sine", torch.cat([z[:1] + torch.pi / 2, z[1:]]), indices)
    w = -times(y, y, indices)
    return torch.cat([w[:1] + 1.0, w[1:]]) if name == "tanh" else y + w


def _with_slope(name: Name, z: Tensor, indices: MultiIndices) -> tuple[Tensor, Tensor]:
    """sigma(z) and sigma'(z) by their recurrences."""
    y, w, first = torch.empty_like(z), torch.empty_like(z), 1 + indices.n_first
    if name == "sine":
        torch.sin(z[0], out=y[0])
        torch.cos(z[0], out=w[0])
    elif name == "tanh":
        torch.tanh(z[0], out=y[0])
        torch.mul(y[0], y[0], out=w[0]).neg_().add_(1.0)
    else:
        torch.sigmoid(z[0], out=y[0])
        torch.mul(y[0], y[0], out=w[0]).neg_().add_(y[0])
    if first > 1:
        torch.mul(z[1:first], w[0], out=y[1:first])
        _next_slopes(name, slice(1, first), y, w, z)
    for place in range(first, len(z)):
        torch.mul(z[place], w[0], out=y[place])
        for i, j, share in indices.slopes[place]:
            if j:
                y[place].addcmul_(z[i], w[j], value=share)
        _next_slopes(name, place, y, w, z)
        if name == "sine":
            for i, j, share in indices.slopes[place]:
                if j:
                    w[place].addcmul_(z[i], y[j], value=-share)
        else:
            for i, j in indices.pairs[place]:
                if i and j:
                    w[place].addcmul_(y[i], y[j], value=-1.0)
    return y, w


def _next_slopes(name: Name, place: int | slice, y: Tensor, w: Tensor, z: Tensor) -> None:
    """The parts of w_alpha that products with the values at the points make."""
    if name == "sine":
        torch.mul(z[place], y[0], out=w[place]).neg_()
        return
    torch.mul(y[place], y[0], out=w[place]).mul_(-2.0)
    if name == "sigmoid":
        w[place].add_(y[place])
