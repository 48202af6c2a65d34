"""Interpolation by cubic radial basis functions, and its leave-one-out errors at no further cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.surrogates.domain.places import MeansByPlace
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regression.extrapolation import Limits

SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class CubicRBF:
    """s(x) = sum_i c_i |x - x_i|^3 + d_0 + d^T x with sum_i c_i = 0 and sum_i c_i x_i = 0.

    Beyond the runs it would grow with the cube of the distance; limits hold it. Source: Fasshauer, Meshfree
    Approximation Methods with MATLAB, 2007, chapter 6.

    centres: (n, p). weights: (n + 1 + p, r), the c above the d.
    """

    centres: np.ndarray
    weights: np.ndarray
    limits: Limits

    @classmethod
    def fit(cls, x: np.ndarray, z: np.ndarray) -> tuple[Self, np.ndarray]:
        """The interpolant of z (n, r) at x (n, p), and its leave-one-out errors (n, r).

        Runs of one place count by their mean, and are left out together.
        """
        pooled, every = MeansByPlace.of(x, z), z
        x, z = pooled.x, pooled.z
        n = len(x)
        inverse = cls._inverse(x)
        weights = inverse[:, :n] @ z
        errors = pooled.left_out(cls._left_out(inverse, weights, z), every)
        noise = np.mean(errors**2, axis=0)

        def refitted(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            # (A^-1)_BB e_B = c_B, as for a single run.
            block = inverse[np.ix_(rows, rows)]
            return np.linalg.pinv(block, rcond=SINGULAR, hermitian=True) @ weights[rows], len(rows) * noise

        return cls(x, weights, Limits.fit(x, z, refitted)), errors

    @classmethod
    def left_out_errors(cls, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The leave-one-out errors (n, r) alone."""
        pooled = MeansByPlace.of(x, z)
        inverse = cls._inverse(pooled.x)
        single = cls._left_out(inverse, inverse[:, : len(pooled.x)] @ pooled.z, pooled.z)
        return pooled.left_out(single, z)

    @staticmethod
    def _inverse(x: np.ndarray) -> np.ndarray:
        """Of the interpolation matrix of x (n, p), (n + 1 + p, n + 1 + p)."""
        n, p = x.shape
        tail = np.hstack([np.ones((n, 1)), x])
        matrix = np.block([[_distances(x, x) ** 3, tail], [tail.T, np.zeros((p + 1, p + 1))]])
        return np.linalg.pinv(matrix, rcond=SINGULAR, hermitian=True)

    @staticmethod
    def _left_out(inverse: np.ndarray, weights: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The error at a run if it were left out, c_i / (A^-1)_ii of the interpolation matrix A.

        Source: Rippa 1999; with the polynomial part: Fasshauer & Zhang 2007.
        """
        n = len(z)
        diagonal = np.diag(inverse)[:n]
        largest = np.abs(diagonal).max(initial=0.0)
        decided = np.abs(diagonal) > SINGULAR * largest if largest > 0.0 else np.zeros(n, dtype=bool)
        errors = np.tile(z - z.mean(axis=0), 1)
        errors[decided] = weights[:n][decided] / diagonal[decided, None]
        return errors

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (q, r) at x (q, p)."""
        mean = self._spline(x)
        return self.limits.applied(x, mean, np.zeros_like(mean))[0]

    def predict(self, x: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and their std, each (q, r), at x (q, p); std: (r,) among the runs.

        The spline does not know that it has left them: where it leaves the range of their values, it may be as far
        off as that.
        """
        mean = self._spline(x)
        excess = np.abs(mean - np.clip(mean, self.limits.low, self.limits.high))
        return self.limits.applied(x, mean, np.hypot(std, excess))

    def graph(self, x: Node, std: np.ndarray) -> tuple[Node, Node]:
        """Values and their std, each (r,), at x (p,); std: (r,) among the runs."""
        n = len(self.centres)
        distance = graph.sqrt(graph.square(x - self.centres).sum())
        cubes = distance * distance * distance
        mean = self.weights[:n].T @ cubes + self.weights[n] + self.weights[n + 1 :].T @ x
        left = graph.absolute(mean - graph.clipped(mean, self.limits.low, self.limits.high))
        return self.limits.graph(x, mean, graph.hypot(left, std))

    def _spline(self, x: np.ndarray) -> np.ndarray:
        n = len(self.centres)
        return (
            _distances(x, self.centres) ** 3 @ self.weights[:n] + self.weights[n] + x @ self.weights[n + 1 :]
        )

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d s_r / d x_j (q, r, p) at x (q, p): 3 sum_i c_i |x - x_i| (x - x_i) + d."""
        n = len(self.centres)
        difference = x[:, None] - self.centres
        slope = 3.0 * np.linalg.norm(difference, axis=-1, keepdims=True) * difference
        slopes = np.einsum("qnj,nr->qrj", slope, self.weights[:n]) + self.weights[n + 1 :].T
        return self.limits.jacobian(x, self._spline(x), slopes)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {"centres": self.centres, "weights": self.weights} | prefixed("limits.", self.limits.state())

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The interpolant again."""
        return cls(state["centres"], state["weights"], Limits.restore(part(state, "limits.")))


def _distances(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Between x (n, p) and centres (c, p), (n, c)."""
    # Its import takes longer than reading a study file, which needs the settings alone.
    from scipy.spatial.distance import cdist

    return cdist(x, centres)
