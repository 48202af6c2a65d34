"""Derivatives of what torch computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch


def jacobian(function: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> np.ndarray:
    """Return d function_r / d x_j (q, r, p) at x (q, p), of a function of each row by itself, (q, p) to (q, r)."""
    inputs = x.detach().requires_grad_()
    with torch.enable_grad():
        # A row of the sum over the queries differentiates all of them at once: no query touches another.
        totals = function(inputs).sum(dim=0)
        rows = [torch.autograd.grad(total, inputs, retain_graph=True)[0] for total in totals]
    return torch.stack(rows, dim=1).cpu().numpy()
