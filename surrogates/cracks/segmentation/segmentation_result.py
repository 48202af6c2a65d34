"""The answer of a segmenter to one photo, and what the segmenter says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Where a photo shows cracks.

    probability: float32 (h, w), calibrated, of crack at each pixel. std: float32 (h, w) of it, from the networks'
    disagreement and from how much the share of cracks at one probability differed between the validation photos.
    mask: bool (h, w), probability at least the threshold. threshold: by which
    it was made. inside: whether the photo looks like the training photos.
    why: one sentence why not, None where it does. warning: one sentence where the photo is inside but further from
    the training photos than most of them are from each other, or where the model's threshold cannot be trusted; None
    elsewhere.
    """

    probability: np.ndarray
    std: np.ndarray
    mask: np.ndarray
    inside: bool
    why: str | None
    warning: str | None = None
    threshold: float = 0.5

    def about(self, name: str) -> dict[str, Any]:
        """What is said of the photo of this name as a whole, for JSON; probability: the highest."""
        return {
            "name": name,
            "height": self.mask.shape[0],
            "width": self.mask.shape[1],
            "crack": bool(self.mask.any()),
            "probability": float(self.probability.max()),
            "threshold": self.threshold,
            "inside": self.inside,
            "why": self.why,
            "warning": self.warning,
        }


class SegmenterDescription(BaseModel):
    """All that a user of a segmenter should know before asking it.

    n_photos: learned from. n_validation: photos that chose the weights, the threshold and the temperature.
    threshold: calibrated probability from which on a pixel is called crack: the best F1 on the validation photos.
    temperature: that the log-odds are divided by. weights: of all networks together.
    steps, cpu_seconds: of the training of each network. scores: on the validation photos, which the choice has seen:
    f1, f1_2px, f1_5px, iou, mean_iou, ods, ois and ece. settings: the candidate's, as in the study file.
    notes: sentences for the user. adapted: corrected photos of the user's that it was trained on with afterwards,
    which the scores are of then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: str
    seed: int
    n_photos: int
    n_validation: int
    threshold: float
    temperature: float
    weights: int
    steps: tuple[int, ...]
    cpu_seconds: tuple[float, ...]
    scores: dict[str, float]
    settings: dict[str, Any]
    notes: tuple[str, ...] = ()
    adapted: int = 0

    @field_validator("settings")
    @classmethod
    def _under_candidate(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Artifacts of before held the candidate's settings bare."""
        return settings if "candidate" in settings else {"candidate": settings}
