"""A crack classifier that is ready to be served: POST /classify and POST /explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.photos.corrections import CORRECT, CORRECTIONS
from fieldwright.serving.photos.intake import SentPhoto
from fieldwright.serving.photos.interface import CLASSIFY, EXPLAIN
from fieldwright.serving.photos.options import ClassifyOptions, ExplainOptions
from fieldwright.serving.photos.pixels import pixels_of, refuse_costly, sizes
from fieldwright.serving.photos.replies import PhotoReply
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.surrogates.cracks.classification.classifier_description import ClassifierDescription
from fieldwright.surrogates.families import CLASSIFICATION, Family

if TYPE_CHECKING:
    from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier

EXPLAINING = {"saliency": 4.0, "smoothgrad": 64.0, "grad_cam": 4.0, "score_cam": 64.0}
"""Cost of an explanation by method, in those of an answer: backward passes cost twice a forward pass."""

RED = np.array([255.0, 32.0, 0.0])


@dataclass(frozen=True, eq=False)
class ServedClassifier:
    """One version of one model; immutable, so that a swap is one assignment.

    operations_per_patch: of all networks for one patch of a photo, counted when the model was loaded.
    """

    family: ClassVar[Family] = CLASSIFICATION

    classifier: CrackClassifier
    model: str
    version: str
    device: str
    operations_per_patch: float

    @property
    def description(self) -> ClassifierDescription:
        """What the classifier says of itself: its training photos, its errors, threshold and prevalence."""
        return self.classifier.description

    def interface(self) -> list[Operation]:
        """What the endpoint answers by it."""
        return [*(one.operation() for one in (CLASSIFY, EXPLAIN, CORRECT)), CORRECTIONS]

    def classify(self, photos: Sequence[SentPhoto], options: ClassifyOptions) -> list[PhotoReply]:
        """The probability of a crack of each photo; raises QueryError and PhotoError."""
        prevalence = options.prevalence
        self._refuse_costly(photos, 1.0)
        pixels = pixels_of(photos, options.bits)
        answer = self.classifier.predict(pixels, prevalence=prevalence)
        description = self.description
        return [
            PhotoReply(
                {
                    "name": photo.name,
                    "height": one.shape[0],
                    "width": one.shape[1],
                    "crack": bool(answer.crack[k]),
                    "probability": float(answer.probability[k]),
                    "std": float(answer.std[k]),
                    "lower": float(answer.lower[k]),
                    "upper": float(answer.upper[k]),
                    "coverage": description.coverage,
                    "threshold": description.threshold,
                    "prevalence": description.prevalence if prevalence is None else prevalence,
                    "inside": bool(answer.inside[k]),
                    "outside": float(answer.outside[k]),
                    "why": answer.why[k],
                    "where": answer.where[k].tolist(),
                }
            )
            for k, (photo, one) in enumerate(zip(photos, pixels, strict=True))
        ]

    def explain(self, photos: Sequence[SentPhoto], options: ExplainOptions) -> list[PhotoReply]:
        """Where each photo shows what the classifier takes for a crack; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.explain import free_mask, heat

        method = options.method
        self._refuse_costly(photos, 1.0 + EXPLAINING[method])
        pixels = pixels_of(photos, options.bits)
        answer = self.classifier.predict(pixels)
        replies = []
        for k, (photo, one) in enumerate(zip(photos, pixels, strict=True)):
            warmth = heat(self.classifier, one, method)
            mask = free_mask(warmth) if warmth.any() else np.zeros(warmth.shape, dtype=bool)
            row, column = np.unravel_index(int(warmth.argmax()), warmth.shape)
            about = {
                "name": photo.name,
                "height": one.shape[0],
                "width": one.shape[1],
                "method": method,
                "crack": bool(answer.crack[k]),
                "probability": float(answer.probability[k]),
                "inside": bool(answer.inside[k]),
                "why": answer.why[k],
                "hottest": [int(row), int(column)],
                "share": float(mask.mean()),
            }
            pictures = {
                "overlay": _glowing(one, warmth),
                "heat": np.round(255.0 * warmth).astype(np.uint8),
                "mask": mask,
            }
            replies.append(PhotoReply(about, pictures))
        return replies

    def _refuse_costly(self, photos: Sequence[SentPhoto], times: float) -> None:
        from fieldwright.surrogates.cracks.classification.patches import boxes

        patches = sum(len(boxes(shape, self.classifier.description.patch)) for shape in sizes(photos))
        refuse_costly(patches * self.operations_per_patch * times, len(photos), self.device)


def load_served_classifier(shelved: Shelved, folder: Path) -> ServedClassifier:
    """Loads the model, on the GPU where there is one, and tries it on noise; raises ModelError."""
    # BentoML's master process imports the service too, and never needs torch.
    import torch

    from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
    from fieldwright.surrogates.cracks.operations import operations_of

    device = "cuda" if torch.cuda.is_available() else "cpu"
    classifier = CrackClassifier.load(folder, device=device)
    side = classifier.description.patch
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    answer = classifier.predict([noise])
    if not np.isfinite(answer.probability).all():
        raise ModelError(
            "A classifier must answer a photo of noise with a number",
            "one that is not finite",
            "Train it anew",
        )
    operations = operations_of(classifier.networks, classifier.description.size, device)
    return ServedClassifier(classifier, shelved.model, shelved.version, device, operations)


def _glowing(photo: np.ndarray, warmth: np.ndarray) -> np.ndarray:
    """The photo in grey with red where it is warm, uint8 (h, w, 3)."""
    grey = photo.mean(axis=2, keepdims=True)
    return (grey + 0.8 * warmth[..., None] * (RED - grey)).astype(np.uint8)
