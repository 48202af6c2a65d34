"""J^T J with each pair of columns multiplied once."""

from __future__ import annotations

import torch
from scipy.linalg.blas import dsyrk  # pyright: ignore[reportAttributeAccessIssue]
from torch import Tensor


def normal_matrix(j: Tensor) -> Tensor:
    """The lower triangle of J^T J (p, p) of J (m, p), float64; above the diagonal it may be zero.

    On the processor by BLAS' symmetric product, which takes half the operations of a full one.
    """
    if j.device.type != "cpu" or j.dtype != torch.float64:
        return j.T @ j
    # Row by row, J is column by column J^T, and the upper triangle that BLAS fills is ours below.
    return torch.from_numpy(dsyrk(1.0, j.contiguous().numpy().T)).T
