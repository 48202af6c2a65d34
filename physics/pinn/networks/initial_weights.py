"""First weights of a linear layer, drawn from an explicit generator, in double precision."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform(n_in: int, n_out: int, limit: float, generator: torch.Generator) -> list[Tensor]:
    """A matrix (n_out, n_in) even in +-limit and a zero bias (1, n_out)."""
    draws = torch.rand(n_out, n_in, generator=generator, dtype=torch.float64)
    return [limit * (2 * draws - 1), torch.zeros(1, n_out, dtype=torch.float64)]


def glorot(n_in: int, n_out: int, generator: torch.Generator) -> list[Tensor]:
    """A matrix (n_out, n_in) and a zero bias (1, n_out).

    Source: Glorot and Bengio, AISTATS 2010: uniform in +-sqrt(6 / (n_in + n_out)).
    """
    return uniform(n_in, n_out, (6 / (n_in + n_out)) ** 0.5, generator)
