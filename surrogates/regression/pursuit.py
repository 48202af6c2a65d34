"""Orthogonal matching pursuit: few columns of many that explain several outputs, with leave-one-out errors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

DEPENDENT = 1e-7
"""Of a column's length that must be left of it for the column to be independent of those chosen."""
LEAST_ERROR = 1e-16
PATIENCE = 20
"""Steps without a better error before the pursuit ends."""


@dataclass(frozen=True, eq=False)
class Pursuit:
    """columns: (k,) those chosen, in order; Phi[:, columns] factor (k, k) has orthonormal columns.

    coordinates: (k, r) of the outputs in these. left_out: (n, r) errors at each row if it were left out,
    corrected for the number of columns chosen. error: their mean square, summed over the outputs.
    """

    columns: np.ndarray
    factor: np.ndarray
    coordinates: np.ndarray
    left_out: np.ndarray
    error: float

    @property
    def weights(self) -> np.ndarray:
        """(k, r) of the columns chosen."""
        return self.factor @ self.coordinates


def pursue(phi: np.ndarray, z: np.ndarray, patience: int = PATIENCE, most: int | None = None) -> Pursuit:
    """Explains z (n, r) by at most `most` columns of phi (n, terms); the first one, the constant, is always taken.

    Each step takes the column that lowers the sum of squares over all outputs most. The number of columns is
    that of the least (1/n) sum (residual_i / (1 - h_i))^2, h the leverage, times n/(n - k) (1 + tr (Phi^T
    Phi)^-1) against choosing too many. Source: Blatman & Sudret, J. Comput. Phys. 230, 2011; Tropp, Gilbert &
    Strauss, Signal Processing 86, 2006 (several outputs).
    """
    n, terms = phi.shape
    residual, leverage, trace = z.astype(np.float64), np.zeros(n), 0.0
    # What is left of the columns beside those chosen is not formed: its squares and its products with the residual
    # are corrected in each step.
    size = _squares(phi)
    left, products = size.copy(), residual.T @ phi
    last = max(2, min(n, terms + 1, n if most is None else most + 1))
    basis, factor = np.zeros((n, last), order="F"), np.zeros((last, last))
    columns: list[int] = []
    best, best_k, waited, left_out = np.inf, 1, 0, residual
    for k in range(1, last):
        before = basis[:, : k - 1]
        column, direction, norm = 0, phi[:, 0], 0.0
        gain = np.divide(_squares(products), left, out=np.zeros(terms), where=left > DEPENDENT**2 * size)
        while True:
            column = 0 if k == 1 else int(gain.argmax())
            if k > 1 and gain[column] == 0.0:
                break
            # Twice is enough (Kahan): what rounding left of the earlier directions is removed once more.
            along = before.T @ phi[:, column]
            direction = phi[:, column] - before @ along
            direction -= before @ (before.T @ direction)
            norm = math.sqrt(direction @ direction)
            if k == 1 or norm > DEPENDENT * math.sqrt(size[column]):
                break
            left[column] = gain[column] = 0.0
        if k > 1 and gain[column] == 0.0:
            break
        direction = direction / norm
        factor[: k - 1, k - 1] = -(factor[: k - 1, : k - 1] @ along) / norm
        factor[k - 1, k - 1] = 1.0 / norm
        trace += float(factor[:k, k - 1] @ factor[:k, k - 1])
        basis[:, k - 1] = direction
        columns.append(column)
        explained, across = direction @ residual, direction @ phi
        residual = residual - direction[:, None] * explained
        products -= explained[:, None] * across
        left -= across * across
        left[column] = 0.0
        leverage = leverage + direction * direction
        if k == n:
            break
        correction = n / (n - k) * (1.0 + trace)
        errors = residual / np.maximum(1.0 - leverage, DEPENDENT)[:, None]
        error = correction * float(np.vdot(errors, errors)) / n
        waited += 1
        if error < best:
            best, best_k, waited, left_out = error, k, 0, math.sqrt(correction) * errors
        if waited > patience or error <= LEAST_ERROR:
            break
    return Pursuit(
        np.array(columns[:best_k]), factor[:best_k, :best_k], basis[:, :best_k].T @ z, left_out, best
    )


def _squares(columns: np.ndarray) -> np.ndarray:
    """Of the lengths of the columns (n, k), without the copy that a norm makes."""
    return np.einsum("ij,ij->j", columns, columns)
