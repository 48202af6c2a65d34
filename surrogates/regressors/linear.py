"""Linear regression: the baseline that a candidate must beat before it is worth its training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np

from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regressors import KindConfig, register

LEAST_STD = 1e-8


class LinearConfig(KindConfig):
    """Linear regression has no settings of its own."""

    cost: ClassVar[float] = 0.001

    kind: Literal["linear"] = "linear"

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Always, where there are more runs than parameters: others must beat it."""
        return runs > parameters + 1


class Linear:
    """z = w0 + w^T x + noise by least squares; predictive variance s^2 (1 + h(x)), h the query's leverage.

    s^2 = sum of squared residuals / (n - rank); with no degree of freedom left, the variance of z itself.
    Source: Seber & Lee, Linear Regression Analysis, 2003, 5.3.
    """

    def __init__(self, config: LinearConfig) -> None:
        self.config = config

    def fit(self, x: np.ndarray, z: np.ndarray, seed: int) -> Self:
        """Learns from x (n, p) and z (n, r)."""
        design = _with_constant(x)
        inverse = np.linalg.pinv(design)
        self.weights_ = inverse @ z
        self.covariance_ = inverse @ inverse.T
        freedom = len(x) - np.linalg.matrix_rank(design)
        residual = np.sum((z - design @ self.weights_) ** 2, axis=0)
        self.variance_ = residual / freedom if freedom > 0 else z.var(axis=0)
        return self

    def predict(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and std, each (q, r), at x (q, p)."""
        design = _with_constant(x)
        leverage = np.sum((design @ self.covariance_) * design, axis=1, keepdims=True)
        std = np.sqrt(self.variance_ * (1.0 + leverage.clip(0.0)))
        return design @ self.weights_, np.maximum(std, LEAST_STD)

    def graph(self, x: Node) -> tuple[Node, Node]:
        """Mean and std, each (r,), at x (p,)."""
        design = graph.concat([graph.constant(np.ones(1)), x])
        leverage = graph.maximum(((self.covariance_ @ design) * design).sum(), 0.0)
        std = graph.sqrt(self.variance_ * (1.0 + leverage))
        return self.weights_.T @ design, graph.maximum(std, LEAST_STD)

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d mean_r / d x_j (q, r, p) at x (q, p), the same everywhere."""
        return np.tile(self.weights_[1:].T, (len(x), 1, 1))

    def state(self) -> dict[str, np.ndarray]:
        """All that was learned, as named arrays."""
        return {"weights": self.weights_, "covariance": self.covariance_, "variance": self.variance_}

    @classmethod
    def restore(cls, config: Any, state: Mapping[str, np.ndarray]) -> Self:
        """The fitted regression again."""
        linear = cls(config)
        linear.weights_, linear.covariance_ = state["weights"], state["covariance"]
        linear.variance_ = state["variance"]
        return linear


def _with_constant(x: np.ndarray) -> np.ndarray:
    return np.hstack([np.ones((len(x), 1)), x])


register(LinearConfig, Linear)
