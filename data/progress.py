"""How a training reports its progress."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

NO_METRICS: Mapping[str, float] = MappingProxyType({})


class TrainingProgress(Protocol):
    """Called with steps done, their greatest number, and what was measured at this step, such as the loss."""

    def __call__(self, step: int, total: int, metrics: Mapping[str, float] = NO_METRICS, /) -> None:
        """Takes one report."""
        ...


def part_of(progress: TrainingProgress, part: int, parts: int) -> TrainingProgress:
    """Turns the progress of one of several consecutive trainings of equal length into that of all of them."""

    def report(step: int, total: int, metrics: Mapping[str, float] = NO_METRICS, /) -> None:
        progress(part * total + step, parts * total, metrics)

    return report
