"""Gated residual blocks that start as the identity, so that depth does no harm at the start: PirateNet."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from fieldwright.physics.pinn.networks.activation import Activation, linear
from fieldwright.physics.pinn.networks.initial_weights import glorot


class PirateLayers:
    """Blocks of three layers after h = W x + b, with gates U and V of the inputs and a trained share a, first 0.

        f = sigma(W1 h + b1),  z = f U + (1 - f) V,  g = sigma(W2 z + b2),  y = g U + (1 - g) V
        h <- a sigma(W3 y + b3) + (1 - a) h

    A new network is linear in its features x, as a Fourier series is; every block becomes nonlinear as it is needed.
    The linear map of x to the width is for features of another number than the width.

    Source: Wang, Li, Chen and Perdikaris, PirateNets, J. Mach. Learn. Res. 25 (2024) 402.
    """

    def __init__(self, width: int, depth: int, activation: Activation) -> None:
        self._width, self._depth, self._activation = width, depth, activation

    def initial(self, n_in: int, generator: torch.Generator) -> list[Tensor]:
        """The first weights, for n_in features."""
        weights = glorot(n_in, self._width, generator)
        for _ in range(2):
            weights += self._activation.initial(n_in, self._width, generator, first=True)
        for _ in range(self._depth):
            for _ in range(3):
                weights += self._activation.initial(self._width, self._width, generator, first=False)
            weights.append(torch.zeros(1, 1, dtype=torch.float64))
        return weights

    def __call__(self, x: Tensor, weights: Iterator[Tensor]) -> Tensor:
        """The last block's values (n, branches, width) at features x (n, branches, n_in)."""
        hidden = linear(x, weights)
        u, v = self._activation.layer(x, weights), self._activation.layer(x, weights)
        for _ in range(self._depth):
            y = hidden
            for _ in range(2):
                gate = self._activation.layer(y, weights)
                y = gate * u + (1 - gate) * v
            y = self._activation.layer(y, weights)
            share = next(weights)
            hidden = share * y + (1 - share) * hidden
        return hidden
