"""Where a minimisation ended, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Reason = Literal["small gradient", "small step", "steps", "seconds"]


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a minimisation ended.

    theta: (p,); loss: there; losses: after every step, the start first; reason: "small gradient", "small step" (or no
    step that improves), "steps" or "seconds" where they were used up; damping: to go on with, where there is one.
    """

    theta: Tensor
    loss: float
    losses: tuple[float, ...]
    reason: Reason
    damping: float = 0.0
