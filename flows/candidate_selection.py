"""Which of a study's candidates one pipeline trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from fieldwright.data.errors import StudyError

T = TypeVar("T")


def selected_candidates(candidates: Mapping[str, T], labels: Sequence[str]) -> Mapping[str, T]:
    """Those with the labels, all where none is named; raises StudyError for a label that the study has not."""
    unknown = [label for label in labels if label not in candidates]
    if unknown:
        raise StudyError(
            f"Candidates to train must be among those of the study: {', '.join(candidates)}",
            ", ".join(f"'{label}'" for label in unknown),
            "Correct the labels, or name none to train all",
        )
    return {label: one for label, one in candidates.items() if not labels or label in labels}
