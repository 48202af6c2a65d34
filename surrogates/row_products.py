"""Matrix products whose rows do not depend on each other, down to the last bit."""

from __future__ import annotations

import numpy as np

BLOCK = 2**16
"""Values of a matrix that are converted or squared together: half a megabyte, which stays near the processor."""


def row_products(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """rows (..., q, k) times matrix (..., k, m): (..., q, m), every row multiplied by itself.

    BLAS chooses how it adds by the shape of the whole product: in a product of all rows, the answer to a query would
    change in its last digits with the number of queries beside it. A matrix of float32 is converted block by block of
    its columns.
    """
    if matrix.dtype == np.float32 and rows.dtype != np.float32:
        return _by_blocks(rows, matrix, squared=False)
    return np.matmul(rows[..., None, :], matrix[..., None, :, :])[..., 0, :]


def squared_row_products(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """rows (q, k) times the squares of the entries of a matrix (k, m): (q, m), without an array of all squares."""
    return _by_blocks(rows, matrix, squared=True)


def _by_blocks(rows: np.ndarray, matrix: np.ndarray, squared: bool) -> np.ndarray:
    k, m = matrix.shape[-2:]
    leading = np.broadcast_shapes(rows.shape[:-2], matrix.shape[:-2])
    products = np.empty((*leading, rows.shape[-2], m))
    width = max(1, BLOCK // max(k, 1))
    for start in range(0, m, width):
        part = matrix[..., start : start + width].astype(np.float64)
        if squared:
            np.square(part, out=part)
        products[..., start : start + width] = row_products(rows, part)
    return products
