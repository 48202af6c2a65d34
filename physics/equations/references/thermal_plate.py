"""A quarter of a heated plate without hole: temperature and free thermal displacement, by Chebyshev least squares.

In units of the half width, of the source's temperature and of the strain that it makes (see
`physics.equations.problems.heated_plate`), on (0, 2) x (0, 1), with theta even in x and y, u odd in x, v odd in y:

    Lap theta + q = 0,   theta_x = -B theta at x = 2,   theta_y = 0 at y = 1
    div sigma = 0,   sigma n = 0 at x = 2 and y = 1

The symmetries are built into the polynomials; equations and edges are met at Gauss points in the mean square.

Source: Boyd, Chebyshev and Fourier Spectral Methods (2001), sections 3.2 and 8.2 (symmetry).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

from fieldwright.physics.equations.references.rectangle_series import chebyshev_points

LENGTH, WIDTH = 2.0, 1.0
EDGE = 100.0  # weight of the edges: their errors must fall below those of the second derivatives inside


class _Parity:
    """Chebyshev polynomials over the whole plate (-LENGTH, LENGTH) x (-WIDTH, WIDTH) of one symmetry."""

    def __init__(self, n: int, odd_x: int, odd_y: int) -> None:
        self.n, self.odd = n, (odd_x, odd_y)

    def at(self, x: np.ndarray, y: np.ndarray, i: int = 0, j: int = 0) -> np.ndarray:
        """Values (points, n^2) of their derivative, i times by x and j times by y."""
        sides = []
        for s, odd, order in ((x / LENGTH, self.odd[0], i), (y / WIDTH, self.odd[1], j)):
            table = np.eye(2 * self.n)[odd::2]
            scale = 1 / (LENGTH if len(sides) == 0 else WIDTH)
            sides.append(chebyshev.chebval(s, chebyshev.chebder(table.T, order, scl=scale, axis=0)).T)
        return np.einsum("pi,pj->pij", *sides).reshape(len(x), -1)

    def table(self, values: np.ndarray) -> np.ndarray:
        """Coefficients (n^2,) as a table (2 n, 2 n) of all polynomials."""
        table = np.zeros((2 * self.n, 2 * self.n))
        table[self.odd[0] :: 2, self.odd[1] :: 2] = values.reshape(self.n, self.n)
        return table


def thermal_plate(
    source: Callable[[np.ndarray, np.ndarray], np.ndarray], biot: float, poisson: float, n: int = 20
) -> np.ndarray:
    """Coefficients (3, 2 n, 2 n) of theta, u, v over (-2, 2) x (-1, 1), for `rectangle_series`.

    source: q (points,) at x (points,) and y (points,); biot: B; poisson: the ratio, for plane stress.
    """
    inside = (chebyshev_points(2 * n) + 1) / 2
    x, y = (grid.ravel() for grid in np.meshgrid(LENGTH * inside, WIDTH * inside))
    side = (chebyshev_points(3 * n) + 1) / 2
    right, top = (np.full(3 * n, LENGTH), WIDTH * side), (LENGTH * side, np.full(3 * n, WIDTH))

    even = _Parity(n, 0, 0)
    theta = _fit(
        [
            (even.at(x, y, 2, 0) + even.at(x, y, 0, 2), -source(x, y)),
            (EDGE * (even.at(*right, 1, 0) + biot * even.at(*right)), np.zeros(3 * n)),
            (EDGE * even.at(*top, 0, 1), np.zeros(3 * n)),
        ]
    )

    a, b = _Parity(n, 1, 0), _Parity(n, 0, 1)
    direct, shear = 1 / (1 - poisson**2), 1 / (2 * (1 + poisson))
    expand = 1 / (1 - poisson)

    def stress(points: tuple[np.ndarray, np.ndarray], i: int = 0, j: int = 0) -> tuple[np.ndarray, ...]:
        """sigma_xx, sigma_yy, sigma_xy (points, unknowns of u and v), each derived i times by x and j times by y."""
        u_x, u_y = a.at(*points, i + 1, j), a.at(*points, i, j + 1)
        v_x, v_y = b.at(*points, i + 1, j), b.at(*points, i, j + 1)
        return (
            direct * np.hstack([u_x, poisson * v_y]),
            direct * np.hstack([poisson * u_x, v_y]),
            shear * np.hstack([u_y, v_x]),
        )

    by_x, by_y = stress((x, y), 1, 0), stress((x, y), 0, 1)
    at_right, at_top = stress(right), stress(top)
    motion = _fit(
        [
            (by_x[0] + by_y[2], expand * even.at(x, y, 1, 0) @ theta),
            (by_x[2] + by_y[1], expand * even.at(x, y, 0, 1) @ theta),
            (EDGE * at_right[0], EDGE * expand * even.at(*right) @ theta),
            (EDGE * at_right[2], np.zeros(3 * n)),
            (EDGE * at_top[1], EDGE * expand * even.at(*top) @ theta),
            (EDGE * at_top[2], np.zeros(3 * n)),
        ]
    )
    return np.stack([even.table(theta), a.table(motion[: n * n]), b.table(motion[n * n :])])


def _fit(blocks: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    rows, right = (np.concatenate(part) for part in zip(*blocks, strict=True))
    size = np.linalg.norm(rows, axis=0)  # high polynomials have steep derivatives
    return np.linalg.lstsq(rows / size, right, rcond=1e-14)[0] / size
