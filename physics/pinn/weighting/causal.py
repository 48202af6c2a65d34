"""Causal weights: a later residual counts once the earlier ones are small."""

from __future__ import annotations

import torch
from torch import Tensor


def causal_weights(times: Tensor, squares: Tensor, strictness: float, slices: int) -> Tensor:
    """Weights w (n,) of points at times (n,) with squared residuals (n,), equal within one slice of time.

        w_i = exp(-strictness * sum_{k < i} L_k),   L_k the mean of the squares in slice k, 0 where there is no point

    The slices have equal widths from the first to the last of the times.

    Source: Wang, Sankaran and Perdikaris, Respecting causality for training physics-informed neural networks, Comput.
    Methods Appl. Mech. Eng. 421 (2024) 116813.
    """
    first, last = times.min(), times.max()
    width = (last - first).clamp(min=torch.finfo(times.dtype).tiny)
    number = ((times - first) / width * slices).long().clamp(max=slices - 1)
    sums = torch.zeros(slices, dtype=squares.dtype, device=squares.device).index_add(0, number, squares)
    means = sums / torch.bincount(number, minlength=slices).clamp(min=1)
    before = means.cumsum(0) - means
    return torch.exp(-strictness * before)[number]
