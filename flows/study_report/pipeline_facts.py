"""What the sections of a report are made of: the pipeline's report, its model, and what was measured and drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fieldwright.flows.report import Report
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.model import Model


@dataclass(frozen=True, eq=False)
class PipelineFacts:
    """One pipeline.

    report: as it stands on the terminal. model: the one that is registered. samples: what is learned from, in the
    plural. metrics: of the pipeline and its best candidate, by name. figures: PNG by file name, as MLflow has them.
    learning: field to the learning curve of the best candidate, where one was drawn. study_file: its name.
    undrawn: a sentence on each figure that could not be drawn.
    """

    report: Report
    model: Model
    samples: str
    metrics: Mapping[str, float]
    figures: Mapping[str, bytes]
    study_file: str
    learning: Mapping[str, LearningCurve] = field(default_factory=dict)
    undrawn: tuple[str, ...] = ()

    @property
    def about(self) -> dict[str, Any]:
        """What the model says of itself, as plain types."""
        return self.model.description.model_dump()
