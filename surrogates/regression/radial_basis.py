"""Radial basis functions: interpolation or smoothing, and its leave-one-out errors at no further cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from fieldwright.surrogates.domain.places import MeansByPlace
from fieldwright.surrogates.persistence.states import part, prefixed
from fieldwright.surrogates.portable import graph
from fieldwright.surrogates.portable.graph import Node
from fieldwright.surrogates.regression.extrapolation import Limits
from fieldwright.surrogates.regression.radial_kernels import CUBIC, KERNEL_NAMES, RadialKernel
from fieldwright.surrogates.regression.radial_smoothing import Smoothed
from fieldwright.surrogates.regression.radial_system import RadialSystem, squared_distances
from fieldwright.surrogates.row_products import row_products

NONE = (0.0,)
"""No smoothing: interpolation."""
OUTER = 0.2
"""Share of the runs at either end of a parameter that tells how errors grow beyond it: the outermost alone are missed
by little even by functions that know nothing of what comes next."""


@dataclass(frozen=True, eq=False)
class RadialBasis:
    """s(x) = sum_i c_i phi(|b (x - x_i)|) + sum_m d_m p_m(b x), the sums over c_i p_m(b x_i) zero.

    Beyond the runs it would grow with the cube of the distance; limits hold it. Source: Fasshauer, Meshfree
    Approximation Methods with MATLAB, 2007, chapter 6.

    centres: (n, p) b x_i. weights: (n, r) c. polynomial: (m, r) d. scales: (p,) b, how much each parameter counts.
    """

    centres: np.ndarray
    weights: np.ndarray
    polynomial: np.ndarray
    scales: np.ndarray
    kernel: RadialKernel
    limits: Limits

    @classmethod
    def fit(
        cls,
        x: np.ndarray,
        z: np.ndarray,
        kernel: RadialKernel = CUBIC,
        scales: np.ndarray | None = None,
        smoothing: tuple[float, ...] = NONE,
        sizes: np.ndarray | None = None,
    ) -> tuple[Self, np.ndarray]:
        """The function of z (n, r) at x (n, p), and its leave-one-out errors (n, r).

        Runs of one place count by their mean, and are left out together. Of noisy outputs those that are predicted no
        better than by their mean are their mean, if the kernel has a constant. scales: (p,), all 1 by default.
        smoothing, sizes: the amounts to choose from, and what each output (r,) weighs in it, see `Smoothed`.
        """
        pooled = MeansByPlace.of(x, z)
        scales = np.ones(x.shape[1]) if scales is None else scales
        system = RadialSystem.of(pooled.x * scales, kernel)
        fit = Smoothed.of(system, pooled.z, smoothing, sizes)
        polynomial = system.polynomial_weights(pooled.z, fit.weights)
        errors = pooled.left_out(fit.errors, z)
        refitted = fit.refitted(np.mean(errors**2, axis=0))
        limits = Limits.fit(pooled.x, pooled.z, refitted, OUTER, sizes)
        basis = cls(pooled.x * scales, fit.weights, polynomial, scales, kernel, limits)
        if not fit.noisy or kernel.degree < 0:
            return basis, errors
        mean = pooled.z.mean(axis=0)
        # The mean of the others lies n / (n - 1) as far from each.
        by_mean = pooled.left_out((pooled.z - mean) * len(pooled.z) / max(len(pooled.z) - 1, 1), z)
        flat = np.abs(errors).mean(axis=0) >= np.abs(by_mean).mean(axis=0)
        return basis._constant_where(flat, mean), np.where(flat, by_mean, errors)

    @classmethod
    def left_out_errors(cls, x: np.ndarray, z: np.ndarray) -> np.ndarray:
        """The leave-one-out errors (n, r) alone, of cubic interpolation."""
        pooled = MeansByPlace.of(x, z)
        system = RadialSystem.of(pooled.x, CUBIC)
        return pooled.left_out(Smoothed.of(system, pooled.z, NONE).errors, z)

    def _constant_where(self, flat: np.ndarray, mean: np.ndarray) -> Self:
        """The same with the mean (r,) alone in the outputs `flat` (r,) bool."""
        polynomial = np.where(flat, 0.0, self.polynomial)
        polynomial[0] = np.where(flat, mean, polynomial[0])
        limits = replace(self.limits, growth=np.where(flat, 0.0, self.limits.growth))
        return replace(self, weights=np.where(flat, 0.0, self.weights), polynomial=polynomial, limits=limits)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values (q, r) at x (q, p)."""
        mean = self._values(x)
        return self.limits.applied(x, mean, np.zeros_like(mean))[0]

    def predict(self, x: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and their std, each (q, r), at x (q, p); std: (r,) among the runs.

        The function does not know that it has left them: where it leaves the range of their values, it may be as
        far off as that.
        """
        mean = self._values(x)
        excess = np.abs(mean - np.clip(mean, self.limits.low, self.limits.high))
        return self.limits.applied(x, mean, np.hypot(std, excess))

    def graph(self, x: Node, std: np.ndarray) -> tuple[Node, Node]:
        """Values and their std, each (r,), at x (p,); std: (r,) among the runs."""
        scaled = x * self.scales
        mean = self.weights.T @ self.kernel.graph(graph.square(scaled - self.centres).sum())
        terms = self.kernel.polynomial_graph(scaled)
        if terms is not None:
            mean = mean + self.polynomial.T @ terms
        left = graph.absolute(mean - graph.clipped(mean, self.limits.low, self.limits.high))
        return self.limits.graph(x, mean, graph.hypot(left, std))

    def _values(self, x: np.ndarray) -> np.ndarray:
        """Values (q, r) at x (q, p), without the limits."""
        scaled = x * self.scales
        kernel = self.kernel.values(squared_distances(scaled, self.centres))
        terms = row_products(self.kernel.polynomials(scaled), self.polynomial)
        return row_products(kernel, self.weights) + terms

    def jacobian(self, x: np.ndarray) -> np.ndarray:
        """Return d s_r / d x_j (q, r, p) at x (q, p)."""
        scaled = x * self.scales
        difference = scaled[:, None] - self.centres
        slope = self.kernel.slopes(np.sum(difference**2, axis=-1, keepdims=True)) * difference
        slopes = np.einsum("qnj,nr->qrj", slope, self.weights)
        slopes += np.einsum("qmj,mr->qrj", self.kernel.polynomial_slopes(scaled), self.polynomial)
        return self.limits.jacobian(x, self._values(x), slopes * self.scales)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        kernel = np.array(
            [KERNEL_NAMES.index(self.kernel.name), self.kernel.shape, self.kernel.degree], dtype=float
        )
        arrays = {name: getattr(self, name) for name in ("centres", "weights", "polynomial", "scales")}
        return arrays | {"kernel": kernel} | prefixed("limits.", self.limits.state())

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The function again."""
        name, shape, degree = state["kernel"].tolist()
        arrays: dict[str, Any] = {key: state[key] for key in ("centres", "weights", "polynomial", "scales")}
        kernel = RadialKernel(KERNEL_NAMES[int(name)], shape, int(degree))
        return cls(**arrays, kernel=kernel, limits=Limits.restore(part(state, "limits.")))

    @classmethod
    def of_cubic(cls, state: Mapping[str, np.ndarray]) -> Self:
        """The cubic interpolant of an earlier version: centres (n, p), weights (n + 1 + p, r) c above d."""
        centres, weights = state["centres"], state["weights"]
        n, p = centres.shape
        limits = Limits.restore(part(state, "limits."))
        return cls(centres, weights[:n], weights[n:], np.ones(p), CUBIC, limits)
