"""How a training tells the one who waits for it how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

NO_METRICS: Mapping[str, float] = MappingProxyType({})


class TrainingProgress(Protocol):
    """Called with steps done, their greatest number, and what was measured at this step, such as the loss."""

    def __call__(self, done: int, total: int, metrics: Mapping[str, float] = NO_METRICS, /) -> None:
        """Takes one report."""
        ...


def part_of(progress: TrainingProgress, part: int, parts: int) -> TrainingProgress:
    """Reports of one of several trainings of equal length that follow each other, as those of the whole."""

    def report(done: int, total: int, metrics: Mapping[str, float] = NO_METRICS, /) -> None:
        progress(part * total + done, parts * total, metrics)

    return report
