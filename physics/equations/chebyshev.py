"""A smooth, differentiable reference from a numerical solution: Chebyshev interpolation on an interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.polynomial import chebyshev
from torch import Tensor


def chebyshev_interpolant(
    solution: Callable[[np.ndarray], np.ndarray], low: float, high: float, degree: int
) -> Callable[[Tensor], Tensor]:
    """The polynomial of that degree through a function at the Chebyshev points of [low, high].

        p(t) = sum_k a_k T_k(s),   s = (2 t - low - high) / (high - low)

    solution: times (n,) to values (n, m), accurate far beyond what the interpolant is used for. Returns a function
    of t (n, 1) with values (n, m) that torch differentiates; for an analytic solution the error falls geometrically.
    Source: Trefethen, Approximation Theory and Approximation Practice (2013), theorem 8.2.
    """
    points = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    values = solution((low + high) / 2 + (high - low) / 2 * points)
    coefficients = torch.from_numpy(np.linalg.solve(chebyshev.chebvander(points, degree), values))

    def interpolant(t: Tensor) -> Tensor:
        s = (2 * t - low - high) / (high - low)
        # Clenshaw's recurrence: stable at any degree.
        later = previous = torch.zeros_like(s)
        for row in coefficients.flip(0)[:-1]:
            later, previous = row + 2 * s * later - previous, later
        return coefficients[0] + s * later - previous

    return interpolant
