"""Activations of hidden layers: their values, their derivatives, and the same as graphs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit

from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al., NeurIPS 2017."""


@dataclass(frozen=True)
class ActivationFunction:
    """An elementwise function: its value at u, its derivative at u of that value, and its graph."""

    value: Callable[[np.ndarray], np.ndarray]
    derivative: Callable[[np.ndarray, np.ndarray], np.ndarray]
    graph: Callable[[Node], Node]


def _selu_slope(u: np.ndarray, _: np.ndarray) -> np.ndarray:
    return SELU_SCALE * np.where(u > 0.0, 1.0, SELU_ALPHA * np.exp(np.minimum(u, 0.0)))


def _gelu_slope(u: np.ndarray, _: np.ndarray) -> np.ndarray:
    density = np.exp(-0.5 * u * u) / math.sqrt(2.0 * math.pi)
    return 0.5 * (1.0 + erf(u * math.sqrt(0.5))) + u * density


def _silu_slope(u: np.ndarray, _: np.ndarray) -> np.ndarray:
    gate = expit(u)
    return gate * (1.0 + u * (1.0 - gate))


ACTIVATIONS: dict[str, ActivationFunction] = {
    "tanh": ActivationFunction(np.tanh, lambda _, value: 1.0 - value**2, graph.tanh),
    "relu": ActivationFunction(
        lambda u: np.maximum(u, 0.0),
        lambda u, _: (u > 0.0).astype(np.float64),
        lambda u: graph.maximum(u, 0.0),
    ),
    "selu": ActivationFunction(
        lambda u: SELU_SCALE * (np.maximum(u, 0.0) + SELU_ALPHA * np.expm1(np.minimum(u, 0.0))),
        _selu_slope,
        lambda u: (
            SELU_SCALE * (graph.maximum(u, 0.0) + SELU_ALPHA * (graph.exp(graph.minimum(u, 0.0)) - 1.0))
        ),
    ),
    "gelu": ActivationFunction(
        lambda u: 0.5 * u * (1.0 + erf(u * math.sqrt(0.5))),
        _gelu_slope,
        lambda u: 0.5 * u * (1.0 + graph.erf(u * math.sqrt(0.5))),
    ),
    "silu": ActivationFunction(lambda u: u * expit(u), _silu_slope, lambda u: u / (1.0 + graph.exp(-u))),
}
