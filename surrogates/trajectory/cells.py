"""Recurrent cells of many networks at once: the first axis of every array is the member of an ensemble."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

State = tuple[torch.Tensor, ...]
"""Of q runs: tensors (m, q, H), of which the first is the output."""


@dataclass(frozen=True)
class Cell:
    """One step of a recurrent cell with H hidden units.

    gates: the number G of gates. memory: tensors of its state.
    step: (from the input (m, q, G H), recurrent weights (m, H, G H), state) to the new state.
    """

    gates: int
    memory: int
    step: Callable[[torch.Tensor, torch.Tensor, State], State]


def _lstm(driven: torch.Tensor, weights: torch.Tensor, state: State) -> State:
    """Compute c' = f c + i g, h' = o tanh c' (Hochreiter & Schmidhuber, 1997; forget gate: Gers, 2000)."""
    h, c = state
    gates = torch.baddbmm(driven, h, weights)
    width = h.shape[-1]
    forget, enter, leave = torch.sigmoid(gates[..., : 3 * width]).chunk(3, dim=-1)
    c = torch.addcmul(forget * c, enter, torch.tanh(gates[..., 3 * width :]))
    return leave * torch.tanh(c), c


def _gru(driven: torch.Tensor, weights: torch.Tensor, state: State) -> State:
    """Compute h' = (1 - u) n + u h with n = tanh(W x + r (U h)) (Cho et al., EMNLP 2014)."""
    (h,) = state
    recurrent, width = torch.bmm(h, weights), 2 * h.shape[-1]
    keep, reset = torch.sigmoid(driven[..., :width] + recurrent[..., :width]).chunk(2, dim=-1)
    new = torch.tanh(torch.addcmul(driven[..., width:], reset, recurrent[..., width:]))
    return (torch.lerp(new, h, keep),)


CELLS = {"lstm": Cell(4, 2, _lstm), "gru": Cell(3, 1, _gru)}
