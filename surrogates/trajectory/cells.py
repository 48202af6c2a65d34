"""Recurrent cells of many networks at once: the first axis of every array is the member of an ensemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Cell:
    """One step of a recurrent cell with H hidden units.

    gates: the number G of gates. memory: widths of the state, in units of H; the output is its first H.
    step: (from the input (m, q, G H), from the output before (m, q, G H), state (m, q, memory H)) to the new state.
    """

    gates: int
    memory: int
    step: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


def _lstm(driven: torch.Tensor, recurrent: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """c' = f c + i g, h' = o tanh c' (Hochreiter & Schmidhuber, Neural Comp. 9, 1997; forget gate: Gers 2000)."""
    c = state.chunk(2, dim=-1)[1]
    i, f, g, o = (driven + recurrent).chunk(4, dim=-1)
    # One is added to the forget gate, so that a new cell remembers (Jozefowicz et al., ICML 2015).
    c = torch.sigmoid(f + 1.0) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.cat([torch.sigmoid(o) * torch.tanh(c), c], dim=-1)


def _gru(driven: torch.Tensor, recurrent: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
    """h' = (1 - u) n + u h with n = tanh(W x + r (U h)) (Cho et al., EMNLP 2014)."""
    r_in, u_in, n_in = driven.chunk(3, dim=-1)
    r_back, u_back, n_back = recurrent.chunk(3, dim=-1)
    keep = torch.sigmoid(u_in + u_back)
    new = torch.tanh(n_in + torch.sigmoid(r_in + r_back) * n_back)
    return (1.0 - keep) * new + keep * state


CELLS = {"lstm": Cell(4, 2, _lstm), "gru": Cell(3, 1, _gru)}
