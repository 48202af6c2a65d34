"""Multilayer perceptrons of one shape, many at once: every product is one of batched matrices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as torch_functions

from fieldwright.surrogates.networks.activations import ACTIVATIONS
from fieldwright.surrogates.portable.graph import Node

TORCH_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "selu": torch.selu,
    "gelu": torch_functions.gelu,
    "silu": torch_functions.silu,
}
FIRST_SHARE = 0.1
"""Of the usual size, for the first weights of the last layer: the linear path begins."""
SMALLEST_VARIANCE = 1e-5
"""Added to variances in batch normalisation."""

Tensors = dict[str, torch.Tensor]


def first_limit(activation: str, fan_in: int, fan_out: int) -> float:
    """The limit L of first weights uniform on [-L, L], of variance L^2 / 3, that keeps signals of one size.

    tanh: sqrt(6 / (n + m)) (Glorot & Bengio, AISTATS 2010). selu: sqrt(3 / n) (LeCun et al., Efficient BackProp,
    1998; Klambauer et al., NeurIPS 2017). relu and its smooth kin: sqrt(6 / n) (He et al., ICCV 2015).
    """
    if activation == "tanh":
        return math.sqrt(6.0 / (fan_in + fan_out))
    return math.sqrt((3.0 if activation == "selu" else 6.0) / fan_in)


@dataclass(frozen=True)
class NetworkEnsemble:
    """f(x) = A x + network(x) for each member; hidden layers are act(norm(W x + b)), with dropout in training.

    members: number of networks. hidden: widths. dropout: share of the hidden units left out at each step.
    batch_norm: whether hidden units are standardised over the runs that the member learns from.
    """

    members: int
    hidden: tuple[int, ...]
    activation: str
    dropout: float = 0.0
    batch_norm: bool = False

    def first(self, p: int, r: int, generator: torch.Generator) -> Tensors:
        """First weights for p inputs and r outputs, by name; those to be trained ask for gradients."""
        sizes = [p, *self.hidden, r]
        tensors: Tensors = {}
        for k, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes)):
            last = k == len(self.hidden)
            limit = first_limit("tanh" if last else self.activation, fan_in, fan_out)
            shape = (self.members, fan_in, fan_out)
            draw = torch.rand(shape, generator=generator, dtype=torch.float64)
            tensors[f"weight.{k}"] = limit * (FIRST_SHARE if last else 1.0) * (2.0 * draw - 1.0)
            tensors[f"bias.{k}"] = torch.zeros_like(draw[:, :1])
            if self.batch_norm and not last:
                tensors[f"scale.{k}"] = torch.ones_like(draw[:, :1])
                tensors[f"shift.{k}"] = torch.zeros_like(draw[:, :1])
        tensors["straight"] = torch.zeros(self.members, p, r, dtype=torch.float64)
        return {name: tensor.requires_grad_() for name, tensor in tensors.items()}

    def __call__(self, tensors: Mapping[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
        """Answers (members, q, r) at x (q, p): no dropout, hidden units standardised as was learned."""
        return self._forward(tensors, x, None, None, {})

    def graph(self, arrays: Mapping[str, np.ndarray], x: Node) -> Node:
        """Answers (members, r) at x (p,)."""
        inner = inputs = x.reshape(1, -1, 1)
        last = len(self.hidden)
        for k in range(last + 1):
            inner = arrays[f"weight.{k}"].swapaxes(1, 2) @ inner + arrays[f"bias.{k}"].swapaxes(1, 2)
            if k == last:
                break
            if self.batch_norm:
                names = ("mean", "variance", "scale", "shift")
                mean, variance, scale, shift = (arrays[f"{name}.{k}"].swapaxes(1, 2) for name in names)
                inner = (inner - mean) / np.sqrt(variance + SMALLEST_VARIANCE) * scale + shift
            inner = ACTIVATIONS[self.activation].graph(inner)
        answers = inner + arrays["straight"].swapaxes(1, 2) @ inputs
        return answers.reshape(*answers.shape[:-1])

    def trained(
        self,
        tensors: Mapping[str, torch.Tensor],
        x: torch.Tensor,
        share: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Answers (members, n, r) in training; share: (members, n, 1) weights of the runs, 0 for those held out."""
        return self._forward(tensors, x, share, generator, {})

    def statistics(
        self, tensors: Mapping[str, torch.Tensor], x: torch.Tensor, share: torch.Tensor
    ) -> Tensors:
        """Mean and variance of every hidden unit over the runs learned from, which answers are standardised by."""
        statistics: Tensors = {}
        if self.batch_norm:
            with torch.no_grad():
                self._forward(tensors, x, share, None, statistics)
        return statistics

    def _forward(
        self,
        tensors: Mapping[str, torch.Tensor],
        x: torch.Tensor,
        share: torch.Tensor | None,
        generator: torch.Generator | None,
        statistics: Tensors,
    ) -> torch.Tensor:
        inner = inputs = x.expand(self.members, *x.shape)
        last = len(self.hidden)
        for k in range(last):
            inner = torch.baddbmm(tensors[f"bias.{k}"], inner, tensors[f"weight.{k}"])
            if self.batch_norm:
                if share is None:
                    mean, variance = tensors[f"mean.{k}"], tensors[f"variance.{k}"]
                else:
                    mean = (inner * share).sum(dim=1, keepdim=True)
                    variance = ((inner - mean).square() * share).sum(dim=1, keepdim=True)
                    statistics |= {f"mean.{k}": mean.detach(), f"variance.{k}": variance.detach()}
                inner = (inner - mean) / torch.sqrt(variance + SMALLEST_VARIANCE)
                inner = inner * tensors[f"scale.{k}"] + tensors[f"shift.{k}"]
            inner = TORCH_ACTIVATIONS[self.activation](inner)
            if self.dropout and generator is not None:
                draws = torch.rand(inner.shape, generator=generator, dtype=inner.dtype)
                inner = inner * (draws >= self.dropout) / (1.0 - self.dropout)
        out = torch.baddbmm(tensors[f"bias.{last}"], inner, tensors[f"weight.{last}"])
        return out + torch.bmm(inputs, tensors["straight"])
