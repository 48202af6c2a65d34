"""A differentiable trajectory of ordinary differential equations, accurate to about 1e-12."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.integrate import solve_ivp
from torch import Tensor

from fieldwright.physics.equations.chebyshev import chebyshev_interpolant


def differentiable_trajectory(
    slope: Callable[[float, np.ndarray], Sequence[float]], start: Sequence[float], end: float, degree: int
) -> Callable[[Tensor], Tensor]:
    """States (n, m) at times t (n, 1) in (0, end) of y' = slope(t, y), y(0) = start, by a polynomial of that degree.

    Explicit Runge-Kutta steps of order 8 with relative tolerance 1e-13, taken at the Chebyshev points of (0, end).
    Source: Dormand and Prince, in Hairer, Norsett and Wanner, Solving ODEs I, section II.5.
    """

    def at(times: np.ndarray) -> np.ndarray:
        order = np.argsort(times)
        solved = solve_ivp(
            slope, (0.0, end), start, method="DOP853", t_eval=times[order], rtol=1e-13, atol=1e-13
        )
        return solved.y.T[np.argsort(order)]

    return chebyshev_interpolant(at, 0.0, end, degree)
