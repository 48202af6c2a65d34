"""The network of a physics-informed solution: tanh layers inside the equation's features and lift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from physics.deepxde_torch import NN
from physics.problem import Problem


class TanhNetwork(NN):
    """u(x) = lift(x, N(features(x), coefficients)) with N of tanh layers, in double precision.

    Inputs (n, d + p): the coordinates, then the coefficients named in `varied`, in this order. The coefficients named
    in `estimated` are trainable and start in the middle of their ranges. Weights start as Glorot's, from the seed.
    Source: Glorot and Bengio, AISTATS 2010: uniform in +-sqrt(6 / (n_in + n_out)).
    """

    def __init__(
        self,
        problem: Problem,
        hidden: Sequence[int],
        seed: int,
        varied: Sequence[str] = (),
        estimated: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.problem, self.varied, self.estimated = problem, tuple(varied), tuple(estimated)
        self._low, self._high = (torch.from_numpy(corner) for corner in problem.bounds)
        self._dimension = len(problem.coordinates)

        middle = torch.from_numpy(np.mean(problem.bounds, axis=0))[None]
        sizes = [self._features(middle).shape[1] + len(self.varied), *hidden, len(problem.outputs)]
        generator = torch.Generator().manual_seed(seed)
        weights: list[Tensor] = []
        for n_in, n_out in pairwise(sizes):
            limit = (6 / (n_in + n_out)) ** 0.5
            uniform = torch.rand(n_out, n_in, generator=generator, dtype=torch.float64)
            weights += [limit * (2 * uniform - 1), torch.zeros(1, n_out, dtype=torch.float64)]
        if self.estimated:
            weights.append(torch.zeros(1, len(self.estimated), dtype=torch.float64))
        self.weights = torch.nn.ParameterList(torch.nn.Parameter(weight) for weight in weights)

    def forward(self, inputs: Tensor) -> Tensor:
        """u (n, m) at inputs (n, d + p)."""
        return self.evaluate(inputs, list(self.weights))

    def evaluate(self, inputs: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """u (n, m) with other weights than its own, in their order: one set for all samples, or one set each.

        A weight of shape (n, ...) instead of (...) belongs to the samples one by one: the derivative of a sum over
        samples by such weights is, row by row, the derivative of each sample.
        """
        columns = [self._features(inputs[:, : self._dimension])]
        for i, name in enumerate(self.varied):
            unknown = self.problem.unknown(name)
            value = inputs[:, self._dimension + i, None]
            columns.append((2 * value - unknown.low - unknown.high) / (unknown.high - unknown.low))
        layers = weights[:-1] if self.estimated else weights
        hidden = torch.cat(columns, dim=1)[:, None, :]
        for matrix, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
            hidden = torch.tanh(hidden @ matrix.mT + bias)
        output = (hidden @ layers[-2].mT + layers[-1])[:, 0]
        return self.problem.lift(inputs, output, self.coefficients(inputs, weights))

    def coefficients(self, inputs: Tensor, weights: Sequence[Tensor]) -> dict[str, Tensor | float]:
        """Every coefficient by name: columns of the inputs, trainable numbers, or the fixed values."""
        values: dict[str, Tensor | float] = dict(self.problem.values)
        for i, name in enumerate(self.varied):
            values[name] = inputs[:, self._dimension + i, None]
        for i, name in enumerate(self.estimated):
            unknown = self.problem.unknown(name)
            middle, half = (unknown.low + unknown.high) / 2, (unknown.high - unknown.low) / 2
            values[name] = middle + half * weights[-1][..., i].reshape(-1, 1)
        return values

    @property
    def input_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner (d + p,), (d + p,) of the box of inputs."""
        unknowns = [self.problem.unknown(name) for name in self.varied]
        low, high = self.problem.bounds
        return np.append(low, [u.low for u in unknowns]), np.append(high, [u.high for u in unknowns])

    def inputs(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n random inputs (n, d + p): points of the domain, and coefficients within their ranges."""
        low, high = (corner[self._dimension :] for corner in self.input_bounds)
        return np.hstack([self.problem.points(n, rng), low + (high - low) * rng.random((n, len(low)))])

    def estimates(self) -> dict[str, float]:
        """The trainable coefficients as they stand."""
        values = self.coefficients(torch.zeros(1, self._dimension + len(self.varied)), list(self.weights))
        return {name: float(torch.as_tensor(values[name]).detach()) for name in self.estimated}

    def flat(self) -> Tensor:
        """All weights as one vector (p,)."""
        return torch.nn.utils.parameters_to_vector(self.weights).detach()

    def unflat(self, theta: Tensor) -> list[Tensor]:
        """The weights in their shapes, from vectors (..., p)."""
        pieces = torch.split(theta, [weight.numel() for weight in self.weights], dim=-1)
        return [
            piece.reshape(*theta.shape[:-1], *weight.shape)
            for piece, weight in zip(pieces, self.weights, strict=True)
        ]

    def assign(self, theta: Tensor) -> None:
        """Takes a vector (p,) as its weights."""
        torch.nn.utils.vector_to_parameters(theta, self.weights)

    def state(self) -> dict[str, np.ndarray]:
        """The weights as named arrays, for safetensors or npz."""
        return {f"weight_{i}": weight.detach().numpy().copy() for i, weight in enumerate(self.weights)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Takes the weights of `state()` of a network of the same shape."""
        with torch.no_grad():
            for i, weight in enumerate(self.weights):
                weight.copy_(torch.from_numpy(state[f"weight_{i}"]))

    def _features(self, x: Tensor) -> Tensor:
        if self.problem.features is not None:
            return self.problem.features(x)
        return (2 * x - self._low - self._high) / (self._high - self._low)
