"""How much computing a network takes: counted, so that the same question costs the same on any machine."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

LEAST_PER_PIXEL = 10_000.0
"""Operations that moving a pixel's values through a network costs at least, however few products it takes."""


def operations_of(networks: Sequence[nn.Module], side: int, device: str = "cpu") -> float:
    """Multiplications and additions of one forward pass of a photo of side x side pixels through all networks."""
    x = torch.zeros(1, 3, side, side, device=device)
    total = 0.0
    for network in networks:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(x)
        total += max(float(counter.get_total_flops()), LEAST_PER_PIXEL * side * side)
    return total
