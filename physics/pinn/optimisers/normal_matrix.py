"""J^T J with each pair of columns multiplied once, and damped systems with it, factorised in place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from scipy.linalg.blas import dsyrk  # pyright: ignore[reportAttributeAccessIssue]
from scipy.linalg.lapack import dpotrf, dpotrs  # pyright: ignore[reportAttributeAccessIssue]
from torch import Tensor


class NormalMatrix:
    """N = J^T J of J (m, p), and the solution of (N + mu I) x = b for any b; float64.

    On the processor by BLAS' symmetric product, which takes half the operations of a full one, and by LAPACK's
    Cholesky factor of the lower triangle: torch's own takes two fifths longer and its triangular solution thrice as
    long (`python -m benchmarks.pinn.step`).
    """

    def __init__(self, j: Tensor) -> None:
        self._on_processor = j.device.type == "cpu" and j.dtype == torch.float64
        if self._on_processor:
            # Row by row, J is column by column J^T: what BLAS multiplies is J^T (J^T)^T.
            self._lower = dsyrk(1.0, j.contiguous().numpy().T, lower=1)
        else:
            self._full = j.T @ j

    def damped(self, mu: float) -> Callable[[Tensor], Tensor] | None:
        """What takes b (p,) to (N + mu I)^-1 b, or None when rounding leaves the damped matrix indefinite."""
        if not self._on_processor:
            damped = self._full.clone()
            damped.diagonal().add_(mu)
            factor, failed = torch.linalg.cholesky_ex(damped)
            return None if failed else lambda right: torch.cholesky_solve(right[:, None], factor)[:, 0]
        lower = self._lower.copy(order="F")
        lower[np.diag_indices_from(lower)] += mu
        lower, failed = dpotrf(lower, lower=1, clean=0, overwrite_a=1)
        return None if failed else lambda right: torch.from_numpy(dpotrs(lower, right.numpy(), lower=1)[0])
