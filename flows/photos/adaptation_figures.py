"""What the adaptation of a model of photos has gained, the same for outlines and for classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fieldwright.surrogates.cracks.classification.adaptation import FOLDS as PARTS_OF_CLASSES
from fieldwright.surrogates.cracks.classification.classifier_adaptation import ClassifierAdaptation
from fieldwright.surrogates.cracks.segmentation.segmenter_adaptation import FOLDS as PARTS_OF_OUTLINES
from fieldwright.surrogates.cracks.segmentation.segmenter_adaptation import SegmenterAdaptation

WAYS = {
    "before": "as it was",
    "threshold": "threshold learned anew",
    "weights": "trained on",
    "calibration": "temperature and bias learned anew",
    "last_layer": "last layers learned anew",
}


@dataclass(frozen=True)
class AdaptationFigures:
    """Figures of each way.

    columns: words for each metric. metrics: of each way, by name. metric, score: what the version is compared by,
    lower is better. folds: parts in which photos are answered by a model that had no part in them. sentence: of the
    gain, or that there is none.
    """

    columns: Mapping[str, str]
    metrics: Mapping[str, Mapping[str, float]]
    metric: str
    score: float
    folds: int
    sentence: str


def adaptation_figures(
    adaptation: SegmenterAdaptation | ClassifierAdaptation, version: str, photos: int
) -> AdaptationFigures:
    """Of an adaptation of this version by so many photos."""
    if isinstance(adaptation, SegmenterAdaptation):
        return _of_outlines(adaptation, version, photos)
    return _of_classes(adaptation, version, photos)


def _of_outlines(adaptation: SegmenterAdaptation, version: str, photos: int) -> AdaptationFigures:
    old, new = (adaptation.scores[way] for way in ("before", adaptation.way))
    if adaptation.segmenter is None:
        sentence = (
            f"neither a new threshold nor further training outlines the {photos} corrected photos better than "
            f"version {version}, whose F1 within 2 px there is {old.f1_2px:.3f}"
        )
    else:
        sentence = (
            f"F1 within 2 px {old.f1_2px:.3f} before and {new.f1_2px:.3f} after ({WAYS[adaptation.way]}), exact "
            f"{old.f1:.3f} and {new.f1:.3f}; "
            f"{_cross_validated(new.of_photos > old.of_photos, 'corrected', PARTS_OF_OUTLINES)}"
        )
    return AdaptationFigures(
        {"f1": "F1", "f1_2px": "F1 within 2 px"},
        {way: {"f1": one.f1, "f1_2px": one.f1_2px} for way, one in adaptation.scores.items()},
        "f1_error",
        1.0 - new.f1_2px,
        PARTS_OF_OUTLINES,
        sentence,
    )


def _of_classes(adaptation: ClassifierAdaptation, version: str, photos: int) -> AdaptationFigures:
    old, new = (adaptation.scores[way] for way in ("before", adaptation.way))
    if adaptation.classifier is None:
        sentence = (
            f"neither a new calibration nor new last layers classify the {photos} labelled photos better than "
            f"version {version}, whose log loss there is {old.log_loss:.3f}"
        )
    else:
        sentence = (
            f"log loss {old.log_loss:.3f} before and {new.log_loss:.3f} after ({WAYS[adaptation.way]}), error rate "
            f"{old.error_rate:.1%} and {new.error_rate:.1%}; "
            f"{_cross_validated(new.of_photos < old.of_photos, 'labelled', PARTS_OF_CLASSES)}"
        )
    return AdaptationFigures(
        {"log_loss": "log loss", "error_rate": "error rate"},
        {
            way: {"log_loss": one.log_loss, "error_rate": one.error_rate}
            for way, one in adaptation.scores.items()
        },
        "log_loss",
        new.log_loss,
        PARTS_OF_CLASSES,
        sentence,
    )


def _cross_validated(better: np.ndarray, kind: str, folds: int) -> str:
    """On how many photos (n,) the adapted model is better, each answered by a model that has not learned from it."""
    return (
        f"better on {int(np.sum(better))} of {len(better)} {kind} photos, each answered by a model that had no part "
        f"in it ({folds} folds)"
    )
