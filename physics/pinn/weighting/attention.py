"""Residual-based attention: every residual has a weight of its own that grows while it stays large."""

from __future__ import annotations

from torch import Tensor


def attention(weights: Tensor, residuals: Tensor, decay: float, rate: float) -> Tensor:
    """The next weights (m,): w <- decay w + rate |r| / max|r|, bounded by rate / (1 - decay).

    Source: Anagnostopoulos, Toscano, Stergiopulos and Karniadakis, Comput. Methods Appl. Mech. Eng. 421 (2024) 116805
    (residual-based attention); weights of points: McClenny and Braga-Neto, J. Comput. Phys. 474 (2023) 111722.
    """
    sizes = residuals.abs()
    return decay * weights + rate * sizes / sizes.max().clamp(min=1e-300)
