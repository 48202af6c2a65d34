"""The hidden layers of a network: features of the inputs, and the slope of what is made of them by every weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.networks.activations import ACTIVATIONS, ActivationFunction
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

Weights = list[np.ndarray]


@dataclass(frozen=True)
class HiddenLayers:
    """phi(x) = [h(x) / sqrt(width), linear x, constant], h the last of the layers act([x, 1] W_k).

    widths: (p, h_1, h_2, ...). activation: its name.
    Weights W_k (w_k + 1, w_k+1) end in the row of the bias. Those of an ensemble have one more first axis.
    """

    widths: tuple[int, ...]
    activation: str

    @property
    def function(self) -> ActivationFunction:
        """The activation."""
        return ACTIVATIONS[self.activation]

    def shapes(self) -> list[tuple[int, int]]:
        """Of the weights of each layer."""
        return [(n + 1, m) for n, m in zip(self.widths[:-1], self.widths[1:], strict=True)]

    def __call__(self, weights: Sequence[np.ndarray], trend: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Features ([members,] q, k) at x (q, p); trend: ([members,] 2), the factors of x and of the constant."""
        inner = x
        for weight in weights:
            inner = self.function.value(inner @ weight[..., :-1, :] + weight[..., -1:, :])
        return self._joined(inner, trend, x)

    def slopes(
        self, weights: Sequence[np.ndarray], trend: np.ndarray, x: np.ndarray
    ) -> tuple[np.ndarray, Backward]:
        """Features (n, k), and what leads slopes by them back to the weights and to the trend."""
        values, sums = [x], []
        for weight in weights:
            sums.append(values[-1] @ weight[:-1] + weight[-1])
            values.append(self.function.value(sums[-1]))
        return self._joined(values[-1], trend, x), Backward(self, weights, values, sums)

    def jacobian(self, weights: Sequence[np.ndarray], trend: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return d phi_k / d x_j (members, q, p, k) at x (q, p)."""
        members, (q, p) = len(trend), x.shape
        inner = np.broadcast_to(x, (members, q, p))
        slope = np.broadcast_to(np.eye(p), (members, q, p, p))
        for weight in weights:
            sums = inner @ weight[:, :-1] + weight[:, -1:]
            inner = self.function.value(sums)
            slope = (slope @ weight[:, None, :-1]) * self.function.derivative(sums, inner)[:, :, None]
        slope = slope / np.sqrt(self.widths[-1])
        linear = np.broadcast_to(trend[:, None, None, :1] * np.eye(p), (members, q, p, p))
        return np.concatenate([slope, linear, np.zeros((members, q, p, 1))], axis=3)

    def graph(self, weights: Sequence[np.ndarray], trend: np.ndarray, x: Node) -> Node:
        """Features (k,) of one member at x (p,)."""
        inner = x
        for weight in weights:
            inner = self.function.graph(np.ascontiguousarray(weight[:-1].T) @ inner + weight[-1])
        constant = graph.as_node(np.array([float(trend[1])]))
        return graph.concat([inner * (1.0 / np.sqrt(self.widths[-1])), x * float(trend[0]), constant])

    def _joined(self, inner: np.ndarray, trend: np.ndarray, x: np.ndarray) -> np.ndarray:
        rows = inner.shape[:-1]
        linear = trend[..., None, :1] * np.broadcast_to(x, (*rows, x.shape[1]))
        constant = np.broadcast_to(trend[..., None, 1:], (*rows, 1))
        return np.concatenate([inner / np.sqrt(self.widths[-1]), linear, constant], axis=-1)


@dataclass(frozen=True, eq=False)
class Backward:
    """From slopes by the features to slopes by the weights and by the trend: the chain rule, layer by layer."""

    layers: HiddenLayers
    weights: Sequence[np.ndarray]
    values: Sequence[np.ndarray]
    sums: Sequence[np.ndarray]

    def __call__(self, by_features: np.ndarray) -> tuple[Weights, np.ndarray]:
        """Slopes by the weights of each layer, and by the trend (2,); by_features: (n, k)."""
        width, x = self.layers.widths[-1], self.values[0]
        by_trend = np.array([(by_features[:, width:-1] * x).sum(), by_features[:, -1].sum()])
        by_output = by_features[:, :width] / np.sqrt(width)
        by_weights: Weights = []
        for k in reversed(range(len(self.weights))):
            by_sums = by_output * self.layers.function.derivative(self.sums[k], self.values[k + 1])
            by_weights.append(np.vstack([self.values[k].T @ by_sums, by_sums.sum(axis=0)]))
            by_output = by_sums @ self.weights[k][:-1].T
        return by_weights[::-1], by_trend
