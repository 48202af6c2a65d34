"""Fully connected layers, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from fieldwright.physics.pinn.networks.activation import Activation


class PlainLayers:
    """h <- sigma(W h + b), layer by layer, of the widths `hidden`."""

    def __init__(self, hidden: Sequence[int], activation: Activation) -> None:
        self._hidden, self._activation = tuple(hidden), activation

    def initial(self, n_in: int, generator: torch.Generator) -> list[Tensor]:
        """The first weights, for n_in features."""
        weights: list[Tensor] = []
        for i, (before, after) in enumerate(pairwise((n_in, *self._hidden))):
            weights += self._activation.initial(before, after, generator, first=i == 0)
        return weights

    def __call__(self, x: Tensor, weights: Iterator[Tensor]) -> Tensor:
        """The last layer's values (n, branches, width) at features x (n, branches, n_in)."""
        for _ in self._hidden:
            x = self._activation.layer(x, weights)
        return x
