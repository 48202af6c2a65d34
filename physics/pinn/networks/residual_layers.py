"""Fully connected layers with skip connections: each learns a change of what came before."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from fieldwright.physics.pinn.networks.activation import Activation


class ResidualLayers:
    """h <- sigma(W h + b), then h <- h + sigma(W h + b) for every further layer, all of one width.

    Source: He, Zhang, Ren and Sun, Deep Residual Learning, CVPR 2016; for differential equations E and Yu, The Deep
    Ritz Method, Commun. Math. Stat. 6 (2018) 1.
    """

    def __init__(self, width: int, depth: int, activation: Activation) -> None:
        self._width, self._depth, self._activation = width, depth, activation

    def initial(self, n_in: int, generator: torch.Generator) -> list[Tensor]:
        """The first weights, for n_in features."""
        weights = self._activation.initial(n_in, self._width, generator, first=True)
        for _ in range(self._depth - 1):
            weights += self._activation.initial(self._width, self._width, generator, first=False)
        return weights

    def __call__(self, x: Tensor, weights: Iterator[Tensor]) -> Tensor:
        """The last layer's values (n, branches, width) at features x (n, branches, n_in)."""
        x = self._activation.layer(x, weights)
        for _ in range(self._depth - 1):
            x = x + self._activation.layer(x, weights)
        return x
