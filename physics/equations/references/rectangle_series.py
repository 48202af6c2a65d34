"""Polynomials on a rectangle, as Chebyshev series that torch differentiates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.polynomial import chebyshev
from torch import Tensor


def chebyshev_points(n: int) -> np.ndarray:
    """The n roots (n,) of T_n in (-1, 1), rising."""
    return -np.cos(np.pi * (np.arange(n) + 0.5) / n)


def series_through(values: np.ndarray) -> np.ndarray:
    """Coefficients (n, m) of the polynomial through values (n, m) at `chebyshev_points` along both sides."""
    n, m = values.shape
    along_x = chebyshev.chebvander(chebyshev_points(n), n - 1)
    along_y = chebyshev.chebvander(chebyshev_points(m), m - 1)
    return np.linalg.solve(along_x, np.linalg.solve(along_y, values.T).T)


def rectangle_series(
    coefficients: np.ndarray, low: tuple[float, float], high: tuple[float, float]
) -> Callable[[Tensor, Tensor], Tensor]:
    """Values u (m, f) at x (m, 1), y (m, 1): sum_ij a_ij T_i(X) T_j(Y) with X, Y in [-1, 1] over the rectangle.

    coefficients: a (f, n, m) of f functions.
    """
    a = torch.from_numpy(np.ascontiguousarray(coefficients))

    def series(x: Tensor, y: Tensor) -> Tensor:
        along_x = polynomials((2 * x - low[0] - high[0]) / (high[0] - low[0]), a.shape[1])
        along_y = polynomials((2 * y - low[1] - high[1]) / (high[1] - low[1]), a.shape[2])
        return torch.stack([((along_x @ table) * along_y).sum(dim=1) for table in a], dim=1)

    return series


def polynomials(s: Tensor, count: int) -> Tensor:
    """T_0 to T_(count-1) (m, count) at s (m, 1), by their recurrence."""
    columns = [torch.ones_like(s), s]
    for _ in range(count - 2):
        columns.append(2 * s * columns[-1] - columns[-2])
    return torch.cat(columns[:count], dim=1)
