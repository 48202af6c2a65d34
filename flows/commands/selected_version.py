"""The registered version that a command is about."""

from __future__ import annotations

from fieldwright.data.errors import StudyError
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion


def selected_version(tracking: Tracking, number: str | None, purpose: str) -> ModelVersion:
    """The version of a number, the champion if None; raises FieldwrightError where there is none.

    purpose: what is to be done with it, such as "exported".
    """
    if number is not None:
        return tracking.registry.numbered(number)
    champion = tracking.registry.champion()
    if champion is None:
        raise StudyError(
            f"The study '{tracking.name}' must have a champion to be {purpose}",
            "none",
            "Run it first, or give --version",
        )
    return champion
