"""Settings of the recurrent networks that roll a transient out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from fieldwright.surrogates.search.search_space import Choice, Choices, NumberRange
from fieldwright.surrogates.trajectory.sequence import SequenceConfig

CHECK = 20
"""Iterations between two looks at the held-out runs."""
LEAST_RUNS, LEAST_TIMES, MOST_TIMES = 6, 8, 300
"""Of a study in which a search tries recurrent networks: fewer runs teach them nothing, longer ones take minutes."""


class RecurrentConfig(SequenceConfig):
    """Settings of the ensemble of recurrent networks.

    hidden: units of each cell. members: networks of the ensemble.
    bidirectional: whether a measured history is read backwards too; the roll-out itself goes forward only.
    iterations: of Adam at most. patience: iterations without a better held-out roll-out before it stops.
    batch: runs of one iteration at most. rate: first learning rate, which falls to zero as a cosine.
    forcing: share of the iterations over which the share of true inputs falls from one to zero.
    truncation: steps through which gradients are followed back. clip: largest norm of a member's gradient.
    validation: share of the runs that each member holds out to stop early, other ones for each member.
    """

    cost: ClassVar[float] = 30.0
    space: ClassVar[Mapping[str, Choice]] = {
        "hidden": Choices((32, 16, 64)),
        "rate": NumberRange(2e-3, 2e-2, log=True),
    }

    @classmethod
    def suits(cls, runs: int, parameters: int, times: int | None) -> bool:
        """Where a roll-out is short enough to be trained within a search."""
        return runs >= LEAST_RUNS and times is not None and LEAST_TIMES <= times <= MOST_TIMES

    hidden: int = Field(default=32, ge=1)
    members: int = Field(default=4, ge=2, le=50)
    bidirectional: bool = False
    iterations: int = Field(default=300, ge=1)
    patience: int = Field(default=120, ge=CHECK)
    batch: int = Field(default=64, ge=1)
    rate: float = Field(default=5e-3, gt=0.0)
    forcing: float = Field(default=0.4, ge=0.0, le=1.0)
    truncation: int = Field(default=60, ge=1)
    clip: float = Field(default=1.0, gt=0.0)
    validation: float = Field(default=0.15, gt=0.0, lt=0.9)
