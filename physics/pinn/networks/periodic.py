"""Exact periodicity: a coordinate seen only through waves of its period."""

from __future__ import annotations

import torch
from torch import Tensor


def periodic_features(x: Tensor, period: float, harmonics: int) -> Tensor:
    """cos(k w x), sin(k w x) for k = 1..harmonics and w = 2 pi / period: (n, 2 harmonics) of x (n, 1).

    Any function of them, and each of its derivatives, has that period exactly.

    Source: Dong and Ni, J. Comput. Phys. 435 (2021) 110242.
    """
    waves = torch.arange(1, harmonics + 1, dtype=x.dtype, device=x.device)
    phase = 2 * torch.pi / period * waves * x
    return torch.cat([torch.cos(phase), torch.sin(phase)], dim=1)
