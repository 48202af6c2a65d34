"""A smooth, differentiable function of space and time from values: Fourier series in x, Chebyshev in t."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.polynomial import chebyshev
from torch import Tensor

from fieldwright.physics.equations.references.rectangle_series import polynomials


def chebyshev_times(end: float, degree: int) -> np.ndarray:
    """The degree + 1 Chebyshev points of (0, end), rising."""
    return end / 2 * (1 - np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1)))


def space_time_series(
    values: np.ndarray, start: float, length: float, end: float
) -> Callable[[Tensor, Tensor], Tensor]:
    """u(x, t), for x (m, 1) and t (m, 1), through values (times, n) at the Chebyshev points of (0, end).

    values: in time at `chebyshev_times(end, times - 1)`, in space at n even points of [start, start + length), one
    period. Modes below rounding are left out. Returns (m, 1), which torch differentiates.
    Source: Trefethen, Spectral Methods in MATLAB (2000), chapters 3 and 5.
    """
    times, n = values.shape
    points = 2 * chebyshev_times(end, times - 1) / end - 1
    modes = np.fft.rfft(values, axis=1) / n
    modes[:, 1 : (n + 1) // 2] *= 2
    table = np.linalg.solve(chebyshev.chebvander(points, times - 1), np.hstack([modes.real, -modes.imag])).T
    table = table.reshape(2, n // 2 + 1, times)
    size = abs(table).max(axis=(0, 2))
    n_terms = 1 + int(np.flatnonzero(size > 1e-15 * size.max())[-1])
    cosines, sines = torch.from_numpy(table[:, :n_terms].copy())
    k = 2 * torch.pi / length * torch.arange(n_terms, dtype=torch.float64)

    def series(x: Tensor, t: Tensor) -> Tensor:
        phase = (x - start) * k
        amplitudes = torch.cos(phase) @ cosines + torch.sin(phase) @ sines
        return (amplitudes * polynomials(2 * t / end - 1, times)).sum(dim=1, keepdim=True)

    return series
