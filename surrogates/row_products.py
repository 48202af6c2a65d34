"""Matrix products whose rows do not depend on each other, down to the last bit."""

from __future__ import annotations

import numpy as np


def row_products(rows: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """rows (..., q, k) times matrix (..., k, m): (..., q, m), every row multiplied by itself.

    BLAS chooses how it adds by the shape of the whole product: in a product of all rows, the answer to a query would
    change in its last digits with the number of queries beside it.
    """
    return np.matmul(rows[..., None, :], matrix[..., None, :, :])[..., 0, :]
