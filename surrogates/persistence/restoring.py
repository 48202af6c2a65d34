"""Restores a trained model of any kind from its artifact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.cracks.classification.classifier_description import CLASSIFIER
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_result import SEGMENTER
from fieldwright.surrogates.equations.description import SOLUTION
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.fields.description import SURROGATE
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.persistence.artifact import artifact_kind
from fieldwright.surrogates.shapes.description import SHAPES
from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

Restored = Surrogate | ShapeSurrogate | CrackClassifier | CrackSegmenter | SolutionSurrogate
KINDS: Mapping[str, Callable[[Path], Restored]] = {
    SURROGATE: Surrogate.load,
    SHAPES: ShapeSurrogate.load,
    CLASSIFIER: CrackClassifier.load,
    SEGMENTER: CrackSegmenter.load,
    SOLUTION: SolutionSurrogate.load,
}


def restored(folder: Path) -> Restored:
    """The model that the folder holds; raises ModelError on damage or an unknown kind."""
    kind = artifact_kind(folder)
    if kind not in KINDS:
        raise ModelError(
            f"A model must be a {', a '.join(KINDS)}",
            f"a {kind} in '{folder}'",
            "Load it by the program that wrote it",
        )
    return KINDS[kind](folder)
