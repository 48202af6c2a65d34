"""What a search may try of one setting of a candidate: named options, or a range of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choices:
    """One of these values; the first is the default of the search's first trial."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class NumberRange:
    """Any number from low to high; log: even on a logarithmic scale; integer: integers only."""

    low: float
    high: float
    log: bool = False
    integer: bool = False


Choice = Choices | NumberRange
