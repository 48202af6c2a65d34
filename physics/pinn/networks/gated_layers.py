"""Layers whose values mix two encodings of the inputs: the modified multilayer perceptron."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from fieldwright.physics.pinn.networks.activation import Activation


class GatedLayers:
    """U = sigma(W_u x + b_u), V = sigma(W_v x + b_v); h <- z U + (1 - z) V with z = sigma(W h + b), from h = x.

    Source: Wang, Teng and Perdikaris, Understanding and Mitigating Gradient Flow Pathologies, SIAM J. Sci. Comput. 43
    (2021) A3055, equations 44 to 48 (with U and V exchanged, which makes no difference to the training).
    """

    def __init__(self, width: int, depth: int, activation: Activation) -> None:
        self._width, self._depth, self._activation = width, depth, activation

    def initial(self, n_in: int, generator: torch.Generator) -> list[Tensor]:
        """The first weights, for n_in features: those of U, of V, and of every layer."""
        weights: list[Tensor] = []
        for i in range(2 + self._depth):
            first = i < 3  # U, V and the first layer see the features
            weights += self._activation.initial(n_in if first else self._width, self._width, generator, first)
        return weights

    def __call__(self, x: Tensor, weights: Iterator[Tensor]) -> Tensor:
        """The last layer's values (n, branches, width) at features x (n, branches, n_in)."""
        u, v = self._activation.layer(x, weights), self._activation.layer(x, weights)
        for _ in range(self._depth):
            gate = self._activation.layer(x, weights)
            x = gate * u + (1 - gate) * v
        return x
