"""Radial basis functions phi(r): their values, their slopes, and the polynomials that some of them need."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node

KernelName = Literal[
    "linear",
    "thin_plate",
    "cubic",
    "quintic",
    "gaussian",
    "multiquadric",
    "inverse_multiquadric",
    "matern32",
    "matern52",
]
TINY = np.finfo(float).tiny


@dataclass(frozen=True)
class Form:
    """One kind of phi of t = (e r)^2, up to the sign that makes it conditionally positive definite.

    value: phi(t). slope: 2 dphi/dt. graph: phi as operations. degree: the least of the polynomial that it needs, -1
    for none. shaped: whether e changes more than the size of phi.
    """

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    graph: Callable[[Node], Node]
    degree: int
    shaped: bool


def _inverse(t: np.ndarray) -> np.ndarray:
    """1 / sqrt(t), and 0 at 0, where the slope in every direction counts as none."""
    return np.divide(1.0, np.sqrt(t), out=np.zeros_like(t), where=t > 0.0)


FORMS: dict[KernelName, Form] = {
    "linear": Form(lambda t: -np.sqrt(t), lambda t: -_inverse(t), lambda t: -graph.sqrt(t), 0, False),
    "thin_plate": Form(
        lambda t: 0.5 * t * np.log(np.maximum(t, TINY)),
        lambda t: np.log(np.maximum(t, TINY)) + 1.0,
        lambda t: 0.5 * t * graph.log(graph.maximum(t, TINY)),
        1,
        False,
    ),
    "cubic": Form(
        lambda t: t * np.sqrt(t), lambda t: 3.0 * np.sqrt(t), lambda t: t * graph.sqrt(t), 1, False
    ),
    "quintic": Form(
        lambda t: -(t**2) * np.sqrt(t),
        lambda t: -5.0 * t * np.sqrt(t),
        lambda t: -(t * t * graph.sqrt(t)),
        2,
        False,
    ),
    "gaussian": Form(
        lambda t: np.exp(-t), lambda t: -2.0 * np.exp(-t), lambda t: graph.exp(0.0 - t), -1, True
    ),
    "multiquadric": Form(
        lambda t: -np.sqrt(1.0 + t),
        lambda t: -1.0 / np.sqrt(1.0 + t),
        lambda t: -graph.sqrt(1.0 + t),
        0,
        True,
    ),
    "inverse_multiquadric": Form(
        lambda t: 1.0 / np.sqrt(1.0 + t),
        lambda t: -1.0 / ((1.0 + t) * np.sqrt(1.0 + t)),
        lambda t: 1.0 / graph.sqrt(1.0 + t),
        -1,
        True,
    ),
    "matern32": Form(
        lambda t: (1.0 + np.sqrt(t)) * np.exp(-np.sqrt(t)),
        lambda t: -np.exp(-np.sqrt(t)),
        lambda t: (1.0 + graph.sqrt(t)) * graph.exp(0.0 - graph.sqrt(t)),
        -1,
        True,
    ),
    "matern52": Form(
        lambda t: (1.0 + np.sqrt(t) + t / 3.0) * np.exp(-np.sqrt(t)),
        lambda t: -(1.0 + np.sqrt(t)) * np.exp(-np.sqrt(t)) / 3.0,
        lambda t: (1.0 + graph.sqrt(t) + t * (1.0 / 3.0)) * graph.exp(0.0 - graph.sqrt(t)),
        -1,
        True,
    ),
}
"""Source: Fasshauer, Meshfree Approximation Methods with MATLAB, 2007, chapters 4, 7 and 8."""
KERNEL_NAMES: tuple[KernelName, ...] = get_args(KernelName)


@dataclass(frozen=True)
class RadialKernel:
    """phi(e |x - c|) with polynomials up to a degree, -1 for none.

    name: of `FORMS`. shape: e, in the units of 1/|x|. degree: 0 for a constant, 1 for a plane, 2 with products.
    """

    name: KernelName
    shape: float = 1.0
    degree: int = 1

    def values(self, squared: np.ndarray) -> np.ndarray:
        """Phi of squared distances, of any shape."""
        return FORMS[self.name].value(self.shape**2 * squared)

    def slopes(self, squared: np.ndarray) -> np.ndarray:
        """phi'(r) / r of squared distances: times x - c it is the gradient."""
        return self.shape**2 * FORMS[self.name].slope(self.shape**2 * squared)

    def graph(self, squared: Node) -> Node:
        """Phi of squared distances."""
        return FORMS[self.name].graph(self.shape**2 * squared)

    def pairs(self, p: int) -> tuple[np.ndarray, np.ndarray]:
        """The positions of both factors of each product of two of p inputs."""
        pairs = list(itertools.combinations_with_replacement(range(p), 2)) if self.degree > 1 else []
        first, second = zip(*pairs, strict=True) if pairs else ((), ())
        return np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)

    def polynomials(self, x: np.ndarray) -> np.ndarray:
        """The terms (q, m) at x (q, p): the constant, the inputs, their products, as far as the degree goes."""
        first, second = self.pairs(x.shape[1])
        parts = [np.ones((len(x), 1)), x, x[:, first] * x[:, second]]
        return np.hstack(parts[: self.degree + 1]) if self.degree >= 0 else np.empty((len(x), 0))

    def polynomial_slopes(self, x: np.ndarray) -> np.ndarray:
        """Return d term_m / d x_j (q, m, p) at x (q, p)."""
        q, p = x.shape
        if self.degree < 0:
            return np.empty((q, 0, p))
        first, second = self.pairs(p)
        unit = np.eye(p)
        products = x[:, first, None] * unit[second] + x[:, second, None] * unit[first]
        parts = [np.zeros((q, 1, p)), np.broadcast_to(unit, (q, p, p)), products]
        return np.concatenate(parts[: self.degree + 1], axis=1)

    def polynomial_graph(self, x: Node) -> Node | None:
        """The terms (m,) at x (p,); None where there is none."""
        if self.degree < 0:
            return None
        first, second = self.pairs(x.size)
        parts = [graph.constant(np.ones(1)), x]
        if len(first):
            parts.append(x.take(first) * x.take(second))
        return graph.concat(parts[: self.degree + 1])


CUBIC = RadialKernel("cubic")
