"""Restores a trained model of any kind from its artifact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from data.errors import ModelError
from surrogates.artifact import artifact_kind
from surrogates.cracks.classifier_description import CLASSIFIER
from surrogates.cracks.crack_classifier import CrackClassifier
from surrogates.cracks.crack_segmenter import CrackSegmenter
from surrogates.cracks.segmentation import SEGMENTER
from surrogates.description import SURROGATE
from surrogates.shapes.description import SHAPES
from surrogates.shapes.shape_surrogate import ShapeSurrogate
from surrogates.solution.description import SOLUTION
from surrogates.solution.solution_surrogate import SolutionSurrogate
from surrogates.surrogate import Surrogate

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
