"""What one run of the pipeline tells: what came in, what was set aside, how candidates did, who is champion."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ingested:
    """The state of the run store after ingestion; `rejected` holds (run, reason, sentence)."""

    accepted: tuple[str, ...]
    unchanged: int
    rejected: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """One candidate after cross-validation: its label, the value of the study's metric, errors per field."""

    candidate: str
    score: float
    relative_l2: dict[str, float]
    fit_seconds: float


@dataclass(frozen=True)
class PipelineReport:
    """The whole; as JSON in MLflow and as tables on the terminal."""

    study: str
    ingested: Ingested
    metric: str
    judged: tuple[Judged, ...]
    best: str
    version: str
    promoted: bool
    why: str
    notes: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        return asdict(self)
