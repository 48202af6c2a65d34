"""A crack classifier that is ready to be served: POST /classify and POST /explain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.photos.intake import SentPhotos
from fieldwright.serving.photos.openapi import classifier_specification
from fieldwright.serving.photos.options import choice, number
from fieldwright.serving.photos.pixels import decoded, refuse_costly, sizes
from fieldwright.serving.photos.replies import PhotoReply, PhotoRoute
from fieldwright.surrogates.families import CLASSIFICATION, Family

if TYPE_CHECKING:
    from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier

CLASSIFY = PhotoRoute(("bits", "prevalence"))
EXPLAIN = PhotoRoute(("bits", "method", "picture"), ("overlay", "heat", "mask"))
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

    def about(self) -> dict[str, Any]:
        """What a client should know: what it was trained on, its errors, threshold and prevalence."""
        description = self.classifier.description.model_dump(mode="json")
        return {"model": self.model, "version": self.version, "device": self.device, **description}

    def specification(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return classifier_specification(self.classifier.description)

    def classify(self, sent: SentPhotos) -> list[PhotoReply]:
        """The probability of a crack of each photo; raises QueryError and PhotoError."""
        prevalence = number(sent.options, "prevalence", 0.0, 1.0)
        self._refuse_costly(sent, 1.0)
        pixels = decoded(sent)
        found = self.classifier.predict(pixels, prevalence=prevalence)
        description = self.classifier.description
        return [
            PhotoReply(
                {
                    "name": photo.name,
                    "height": one.shape[0],
                    "width": one.shape[1],
                    "crack": bool(found.crack[k]),
                    "probability": float(found.probability[k]),
                    "std": float(found.std[k]),
                    "lower": float(found.lower[k]),
                    "upper": float(found.upper[k]),
                    "coverage": description.coverage,
                    "threshold": description.threshold,
                    "prevalence": description.prevalence if prevalence is None else prevalence,
                    "inside": bool(found.inside[k]),
                    "outside": float(found.outside[k]),
                    "why": found.why[k],
                    "where": found.where[k].tolist(),
                }
            )
            for k, (photo, one) in enumerate(zip(sent.photos, pixels, strict=True))
        ]

    def explain(self, sent: SentPhotos) -> list[PhotoReply]:
        """Where each photo shows what the classifier takes for a crack; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.explain import METHODS, free_mask, heat

        method = choice(sent.options, "method", METHODS)
        self._refuse_costly(sent, 1.0 + EXPLAINING[method])
        pixels = decoded(sent)
        found = self.classifier.predict(pixels)
        replies = []
        for k, (photo, one) in enumerate(zip(sent.photos, pixels, strict=True)):
            warmth = heat(self.classifier, one, method)
            mask = free_mask(warmth) if warmth.any() else np.zeros(warmth.shape, dtype=bool)
            row, column = np.unravel_index(int(warmth.argmax()), warmth.shape)
            about = {
                "name": photo.name,
                "height": one.shape[0],
                "width": one.shape[1],
                "method": method,
                "crack": bool(found.crack[k]),
                "probability": float(found.probability[k]),
                "inside": bool(found.inside[k]),
                "why": found.why[k],
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

    def _refuse_costly(self, sent: SentPhotos, times: float) -> None:
        from fieldwright.surrogates.cracks.classification.patches import boxes

        patches = sum(len(boxes(shape, self.classifier.description.patch)) for shape in sizes(sent))
        refuse_costly(patches * self.operations_per_patch * times, len(sent.photos), self.device)


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
    found = classifier.predict([noise])
    if not np.isfinite(found.probability).all():
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
