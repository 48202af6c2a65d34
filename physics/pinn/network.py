"""The network of a physics-informed solution: layers between the features of the coordinates and the lift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.networks.activation import linear
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.networks.embedding import Embedding
from fieldwright.physics.pinn.networks.initial_weights import glorot
from fieldwright.physics.pinn.taylor.multi_indices import MultiIndices
from fieldwright.physics.pinn.taylor.output_functions import Embed, Output


class SolutionNetwork(torch.nn.Module):
    """u(x) = lift(x, N(embedding(x), coefficients)) with N of an architecture, in double precision.

    Inputs (n, d + p): the coordinates, then the coefficients named in `varied`, in this order. The coefficients named
    in `estimated` are trainable and start in the middle of their ranges. The first weights follow from the seed.
    """

    def __init__(
        self,
        problem: Problem,
        architecture: Architecture,
        seed: int,
        varied: Sequence[str] = (),
        estimated: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self.problem, self.varied, self.estimated = problem, tuple(varied), tuple(estimated)
        self._dimension = len(problem.coordinates)
        self.eased: dict[str, float] = {}  # coefficients that a curriculum sets for a while
        self.derivatives: dict[str, MultiIndices | None] = {}  # of its output, on which each loss depends
        generator = torch.Generator().manual_seed(seed)
        self.embedding = Embedding(problem, architecture, generator)
        self._layers = architecture.build_layers()

        weights = self.embedding.initial()
        weights += self._layers.initial(self.embedding.size + len(self.varied), generator)
        weights += glorot(self.embedding.branches * architecture.hidden[-1], len(problem.outputs), generator)
        if self.estimated:
            weights.append(torch.zeros(1, len(self.estimated), dtype=torch.float64))
        self.weights = torch.nn.ParameterList(torch.nn.Parameter(weight) for weight in weights)

    def forward(self, inputs: Tensor) -> Tensor:
        """Solution u (n, m) at inputs (n, d + p)."""
        return self.evaluate(inputs, list(self.weights))

    def evaluate(self, inputs: Tensor, weights: Sequence[Tensor], output: Output | None = None) -> Tensor:
        """Solution u (n, m) with other weights than its own, in their order: one set for all samples, or one each.

        A weight of shape (n, ...) instead of (...) belongs to the samples one by one: the derivative of a sum over
        samples by such weights is, row by row, the derivative of each sample.
        output: what the lift takes in place of `self.output`, such as its Taylor series.
        """
        hidden = (output or self.output)(inputs, weights)
        return self.problem.lifted(inputs, hidden, self.coefficients(inputs, weights))

    def output(self, inputs: Tensor, weights: Sequence[Tensor], embed: Embed | None = None) -> Tensor:
        """Output N (n, m) of the layers, which the lift takes.

        inputs: (n, d + p), or their Taylor series: then so is the output. embed: what gives the features of the
        coordinates (n, branches, f), with the next of these weights, in place of the embedding.
        """
        remaining = iter(weights)
        hidden = embed(remaining) if embed else self.embedding(self.coordinates(inputs), remaining)
        if self.varied:
            columns = []
            for i, name in enumerate(self.varied):
                unknown = self.problem.unknown(name)
                value = inputs[:, self._dimension + i, None]
                columns.append((2 * value - unknown.low - unknown.high) / (unknown.high - unknown.low))
            scaled = torch.cat(columns, dim=1)[:, None].expand(-1, hidden.shape[1], -1)
            hidden = torch.cat([hidden, scaled], dim=2)
        hidden = self.embedding.join(self._layers(hidden, remaining))
        return linear(hidden, remaining)[:, 0]

    def coordinates(self, inputs: Tensor) -> Tensor:
        """The first columns (n, d) of inputs (n, d + p)."""
        return inputs[:, : self._dimension]

    def coefficients(self, inputs: Tensor, weights: Sequence[Tensor]) -> dict[str, Tensor | float]:
        """Every coefficient by name: columns of the inputs, trainable numbers, or the fixed values."""
        values: dict[str, Tensor | float] = {**self.problem.values, **self.eased}
        for i, name in enumerate(self.varied):
            values[name] = inputs[:, self._dimension + i, None]
        for i, name in enumerate(self.estimated):
            unknown = self.problem.unknown(name)
            middle, half = (unknown.low + unknown.high) / 2, (unknown.high - unknown.low) / 2
            values[name] = middle + half * weights[-1][..., i].reshape(-1, 1)
        return values

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.weights[0].device

    @property
    def input_bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper corner (d + p,), (d + p,) of the box of inputs."""
        unknowns = [self.problem.unknown(name) for name in self.varied]
        low, high = self.problem.bounds
        return np.append(low, [u.low for u in unknowns]), np.append(high, [u.high for u in unknowns])

    def inputs(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Random inputs (n, d + p): points of the domain, and coefficients within their ranges."""
        low, high = (corner[self._dimension :] for corner in self.input_bounds)
        return np.hstack([self.problem.points(n, rng), low + (high - low) * rng.random((n, len(low)))])

    def estimates(self) -> dict[str, float]:
        """The trainable coefficients as they stand."""
        blank = torch.zeros(1, self._dimension + len(self.varied), device=self.device)
        values = self.coefficients(blank, list(self.weights))
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
        """Weights and fixed frequencies as named arrays, for safetensors or npz."""
        return {name: value.detach().cpu().numpy().copy() for name, value in self.state_dict().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Takes the `state()` of a network of the same architecture."""
        self.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in state.items()})
