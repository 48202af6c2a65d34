"""How far a training is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a training is: the stage just done, the held-out residual, every loss, and seconds spent and left.

    steps, most_steps: of the optimisers done so far, and in the whole schedule, which success ends early.
    seconds_left: at most, at the pace so far; None before every kind of stage was seen once.
    """

    stage: str
    residual: float
    losses: Mapping[str, float]
    seconds: float
    seconds_left: float | None
    steps: int
    most_steps: int
