"""How well a candidate does on photos that it has not learned from: numbers to compare and pictures to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class PartEvaluation:
    """Metrics by name, among them the study's own (lower is better), and what draws the figures by file name."""

    metrics: Mapping[str, float]
    draw: Callable[[], Mapping[str, Figure]]
