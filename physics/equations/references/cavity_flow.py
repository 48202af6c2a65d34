"""Steady flow in a square cavity under a lid whose speed vanishes smoothly at the corners, by Chebyshev collocation.

With the stream function p, u = p_y and v = -p_x, and z = Lap p:

    Lap z / Re = p_y z_x - p_x z_y,   p = p_n = 0 on the walls,   p_y = 16 x^2 (1 - x)^2 on the lid y = 1

p = g(x) (y^3 - y^2) + sum_ij a_ij b_i(x) b_j(y) with the lid's speed g and b_i = (x (1 - x))^2 T_i meets all
conditions; Newton's method finds a. The pressure follows from the momentum equations by integration, p(0, 0) = 0.

Source: Shen, J. Comput. Phys. 95 (1991) 228 (this lid); Peyret, Spectral Methods for Incompressible Viscous Flow
(2002), section 6.4.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import roots_jacobi

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.references.rectangle_series import chebyshev_points, series_through

SIDE = np.array([0.5, 0.5])  # the coordinate, 0 to 1, as a Chebyshev series of s in [-1, 1]


def cavity_flow(reynolds: float, modes: int = 28) -> np.ndarray:
    """Chebyshev coefficients (3, n, n) of u, v and p on (0, 1)^2, in units of the lid's speed and the density.

    Raises FieldwrightError when Newton's method does not converge.
    """
    wall = chebyshev.chebmul(SIDE, chebyshev.chebsub([1.0], SIDE))
    hump = chebyshev.chebmul(wall, wall)
    shapes = _shapes(hump, modes)
    lid = 16 * hump
    rise = chebyshev.chebsub(chebyshev.chebpow(SIDE, 3), chebyshev.chebpow(SIDE, 2))
    size = modes + 4
    # The Gauss points of the weight (x (1 - x))^2 make collocation the Galerkin method with the shapes themselves;
    # those of Chebyshev crowd at the walls and the error does not fall.
    points = roots_jacobi(modes, 2, 2)[0]
    along = _at(shapes, points)
    p_lid = np.zeros((size, size))
    p_lid[: len(lid), : len(rise)] = np.outer(lid, rise)

    def operator(i: int, j: int) -> np.ndarray:
        return np.kron(along[i], along[j])

    parts = {(i, j): operator(i, j) for i in range(5) for j in range(5 - i)}
    fixed = {(i, j): chebyshev.chebgrid2d(points, points, _derivative(p_lid, i, j)).ravel() for i, j in parts}
    a = np.zeros(modes * modes)
    for _ in range(30):
        p = {key: part @ a + fixed[key] for key, part in parts.items()}
        slope_x, slope_y = p[3, 0] + p[1, 2], p[2, 1] + p[0, 3]
        residual = (p[4, 0] + 2 * p[2, 2] + p[0, 4]) / reynolds - p[0, 1] * slope_x + p[1, 0] * slope_y
        jacobian = (parts[4, 0] + 2 * parts[2, 2] + parts[0, 4]) / reynolds
        jacobian = jacobian - slope_x[:, None] * parts[0, 1] - p[0, 1][:, None] * (parts[3, 0] + parts[1, 2])
        jacobian += slope_y[:, None] * parts[1, 0] + p[1, 0][:, None] * (parts[2, 1] + parts[0, 3])
        step = np.linalg.solve(jacobian, -residual)
        a += step
        if abs(step).max() <= 1e-12 * abs(a).max():
            break
    else:
        raise FieldwrightError(
            "Newton's method must find the cavity's flow within 30 steps",
            f"none at the Reynolds number {reynolds:g}",
            "Lower it, or use more modes",
        )
    stream = shapes @ a.reshape(modes, modes) @ shapes.T + p_lid
    return _fields(stream, reynolds)


def _shapes(hump: np.ndarray, modes: int) -> np.ndarray:
    """Columns: Chebyshev coefficients (modes + 4, modes) of hump T_i."""
    shapes = np.zeros((modes + 4, modes))
    for i in range(modes):
        product = chebyshev.chebmul(hump, np.eye(modes)[i, : i + 1])
        shapes[: len(product), i] = product
    return shapes


def _at(shapes: np.ndarray, points: np.ndarray) -> list[np.ndarray]:
    """Values (points, modes) of the shapes and of their derivatives up to the fourth by the side's coordinate."""
    return [
        chebyshev.chebval(points, chebyshev.chebder(shapes, order, scl=2.0, axis=0)).T for order in range(5)
    ]


def _derivative(table: np.ndarray, i: int, j: int) -> np.ndarray:
    return chebyshev.chebder(chebyshev.chebder(table, i, scl=2.0, axis=0), j, scl=2.0, axis=1)


def _fields(stream: np.ndarray, reynolds: float) -> np.ndarray:
    """u, v and the pressure of a stream function's coefficients (n, n), as coefficients (3, n, n)."""
    n = len(stream)
    points = chebyshev_points(n)

    def at(i: int, j: int) -> np.ndarray:
        return chebyshev.chebgrid2d(points, points, _derivative(stream, i, j))

    u, v = at(0, 1), -at(1, 0)
    push_x = (at(2, 1) + at(0, 3)) / reynolds - u * at(1, 1) - v * at(0, 2)
    push_y = -(at(3, 0) + at(1, 2)) / reynolds + u * at(2, 0) + v * at(1, 1)
    # grad p = push in the mean square over even angles, which gives the walls their due.
    values = chebyshev.chebvander(points, n - 1)
    slopes = chebyshev.chebval(points, chebyshev.chebder(np.eye(n), scl=2.0, axis=0)).T
    rows = np.vstack([np.kron(slopes, values), np.kron(values, slopes)])[:, 1:]
    inner = np.linalg.solve(rows.T @ rows, rows.T @ np.concatenate([push_x.ravel(), push_y.ravel()]))
    pressure = np.append(0.0, inner).reshape(n, n)
    pressure[0, 0] = -chebyshev.chebval2d(-1.0, -1.0, pressure)
    return np.stack([series_through(u), series_through(v), pressure])
