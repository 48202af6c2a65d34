"""The activation of a layer: tanh, swish or sine, with slopes that are fixed or trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor

from fieldwright.physics.pinn.networks.initial_weights import glorot, uniform
from fieldwright.physics.pinn.taylor.taylor_series import TaylorSeries


@dataclass(frozen=True)
class Activation:
    """sigma(n a z) with a slope a for each layer or each neuron, which starts at 1 / n and is trained, or sigma(z).

    sine: sin(w z), with the first weights that keep its outputs evenly spread from layer to layer.

    Source: Jagtap, Kawaguchi and Karniadakis, J. Comput. Phys. 404 (2020) 109136 (slope of the network) and Proc. R.
    Soc. A 476 (2020) 20200334 (of layers and neurons; n = 10 there); Sitzmann et al., Implicit Neural Representations
    with Periodic Activation Functions, NeurIPS 2020 (SIREN: w = 30, weights in +-sqrt(6 / n_in) / w, in the first
    layer in +-1 / n_in).
    """

    name: Literal["tanh", "swish", "sine"] = "tanh"
    slopes: Literal["fixed", "layer", "neuron"] = "fixed"
    scaling: float = 10.0
    frequency: float = 30.0

    def initial(self, n_in: int, n_out: int, generator: torch.Generator, first: bool) -> list[Tensor]:
        """The first weights of a layer of n_out neurons: matrix (n_out, n_in), bias, and slopes if trained."""
        if self.name != "sine":
            weights = glorot(n_in, n_out, generator)
        elif first:
            weights = uniform(n_in, n_out, 1 / n_in, generator)
        else:
            weights = uniform(n_in, n_out, (6 / n_in) ** 0.5 / self.frequency, generator)
        if self.slopes != "fixed":
            n = 1 if self.slopes == "layer" else n_out
            weights.append(torch.full((1, n), 1 / self.scaling, dtype=torch.float64))
        return weights

    def layer(self, x: Tensor, weights: Iterator[Tensor]) -> Tensor:
        """sigma(W x + b) (n, branches, n_out) of x (n, branches, n_in), with the next weights of the iterator."""
        z = linear(x, weights, self.frequency if self.name == "sine" else 1.0)
        if self.slopes != "fixed":
            z = self.scaling * next(weights) * z
        if self.name == "sine":
            return torch.sin(z)
        return torch.tanh(z) if self.name == "tanh" else z * torch.sigmoid(z)


def linear(x: Tensor, weights: Iterator[Tensor], factor: float = 1.0) -> Tensor:
    """Affine map f (W x + b) (n, branches, n_out) of x (n, branches, n_in), by the next two of the weights.

    factor: f. W is (n_out, n_in) for all samples or (n, n_out, n_in) for each its own; b likewise (1, n_out) or
    (n, 1, n_out).
    x may be a TaylorSeries, as for every layer: then so is the result.
    """
    matrix, bias = next(weights), next(weights)
    if isinstance(x, TaylorSeries):  # which the layers take for a tensor
        return cast(Tensor, x.linear(matrix, bias, factor))
    z = x @ matrix.mT + bias
    return z if factor == 1.0 else factor * z
