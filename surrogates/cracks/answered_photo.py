"""What a model of cracks says of one photo: the same for an endpoint, a terminal and a protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.surrogates.cracks.measurement import CrackMeasurements, Scale, measure
from fieldwright.surrogates.cracks.segmentation.overlay import overlay
from fieldwright.surrogates.cracks.segmentation.segmentation_result import Segmentation

if TYPE_CHECKING:
    from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
    from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter


@dataclass(frozen=True, eq=False)
class MeasuredPhoto:
    """Cracks of a photo (h, w, 3) uint8, found and measured."""

    name: str
    photo: np.ndarray
    segmentation: Segmentation
    measured: CrackMeasurements

    def about(self, *, profiles: bool = False, lines: bool = False) -> dict[str, Any]:
        """For JSON; profiles, lines: as in `CrackMeasurements.as_dict`."""
        return self.segmentation.about(self.name) | {
            "share": float(self.segmentation.mask.mean()),
            "measurements": self.measured.as_dict(profiles=profiles, lines=lines),
        }

    @cached_property
    def pictures(self) -> dict[str, Callable[[], np.ndarray]]:
        """What draws each picture of it: bool (h, w), uint8 (h, w) of which 255 is 1, or uint8 (h, w, 3)."""
        return {
            "mask": lambda: self.segmentation.mask,
            "overlay": lambda: overlay(self.photo, self.segmentation.mask, self.measured),
            "probability": lambda: grey_levels(self.segmentation.probability),
            "std": lambda: grey_levels(self.segmentation.std),
        }


def segmented_photo(
    segmenter: CrackSegmenter,
    photo: np.ndarray,
    name: str,
    *,
    scale: Scale | None = None,
    threshold: float | None = None,
    augmented: bool = False,
    progress: Callable[[int, int], None] | None = None,
    at_a_time: int = 1,
) -> MeasuredPhoto:
    """Asks a segmenter and measures what it has found; options as in `CrackSegmenter.segment` and `measure`."""
    segmentation = segmenter.segment(
        photo, augmented=augmented, threshold=threshold, progress=progress, at_a_time=at_a_time
    )
    measured = measure(
        segmentation.mask,
        scale=scale,
        probability=segmentation.probability,
        std=segmentation.std,
        factors=segmenter.factors,
    )
    return MeasuredPhoto(name, photo, segmentation, measured)


def about_classified(
    classifier: CrackClassifier, photo: np.ndarray, name: str, prevalence: float | None = None
) -> dict[str, Any]:
    """What a classifier says of a photo (h, w, 3) uint8, for JSON."""
    answer = classifier.predict([photo], prevalence=prevalence)
    description = classifier.description
    return {
        "name": name,
        "height": photo.shape[0],
        "width": photo.shape[1],
        "crack": bool(answer.crack[0]),
        "probability": float(answer.probability[0]),
        "std": float(answer.std[0]),
        "lower": float(answer.lower[0]),
        "upper": float(answer.upper[0]),
        "coverage": description.coverage,
        "threshold": description.threshold,
        "prevalence": description.prevalence if prevalence is None else prevalence,
        "inside": bool(answer.inside[0]),
        "outside": float(answer.outside[0]),
        "why": answer.why[0],
        "where": answer.where[0].tolist(),
    }


def grey_levels(share: np.ndarray) -> np.ndarray:
    """Levels (h, w) uint8, row by row: a large photo leaves no room for more arrays of its size."""
    levels = np.empty(share.shape, dtype=np.uint8)
    for row, line in zip(levels, share, strict=True):
        row[:] = np.round(255.0 * np.clip(line, 0.0, 1.0))
    return levels
