"""What a search may try of one setting of a candidate: named options, or a span of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Options:
    """One of these values; the first is the default of the search's first trial."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Span:
    """Any number from low to high; log: even on a logarithmic scale; whole: integers only."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


Choice = Options | Span
