"""A crack classifier that is ready to be served: POST /classify and POST /explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.jobs.interface import job_operations
from fieldwright.serving.photos.corrections import CORRECT, CORRECTIONS
from fieldwright.serving.photos.intake import SentForm, SentPhoto
from fieldwright.serving.photos.interface import CLASSIFY, EXPLAIN, PhotoRoute
from fieldwright.serving.photos.options import ClassifyOptions, ExplainOptions
from fieldwright.serving.photos.pixels import one_by_one, sizes
from fieldwright.serving.photos.progress import Progress, TileCount
from fieldwright.serving.photos.replies import Answered, PhotoReply, together
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.surrogates.cracks.answered_photo import about_classified
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
    job_routes: ClassVar[tuple[PhotoRoute, ...]] = (CLASSIFY, EXPLAIN)

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
        questions = [one.operation() for one in (CLASSIFY, EXPLAIN, CORRECT)]
        return [*questions, CORRECTIONS, *job_operations(self.job_routes)]

    def operations(self, route: PhotoRoute, form: SentForm, options: Any) -> float:
        """Of the networks, for the patches of all photos; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.classification.patches import boxes

        patches = sum(len(boxes(shape, self.description.patch)) for shape in sizes(form.photos))
        times = 1.0 if route is CLASSIFY else 1.0 + EXPLAINING[options.method]
        return patches * self.operations_per_patch * times

    def answer(
        self,
        route: PhotoRoute,
        form: SentForm,
        options: Any,
        pictures: Sequence[str],
        progress: Progress | None = None,
        cores: int = 1,
    ) -> Answered:
        """What is answered on a route, with all its pictures; raises QueryError and PhotoError.

        cores: it takes one, however many it may.
        """
        one = self._classify if route is CLASSIFY else self._explain
        count = TileCount([0] * len(form.photos), progress)
        replies = []
        for photo, pixels in one_by_one(form.photos, options.bits):
            replies.append(one(photo, pixels, options))
            count.photo_done()
        return together(replies)

    def _classify(self, photo: SentPhoto, pixels: np.ndarray, options: ClassifyOptions) -> PhotoReply:
        return PhotoReply(about_classified(self.classifier, pixels, photo.name, options.prevalence))

    def _explain(self, photo: SentPhoto, pixels: np.ndarray, options: ExplainOptions) -> PhotoReply:
        from fieldwright.surrogates.cracks.explain import free_mask, heat

        answer = self.classifier.predict([pixels])
        warmth = heat(self.classifier, pixels, options.method)
        mask = free_mask(warmth) if warmth.any() else np.zeros(warmth.shape, dtype=bool)
        row, column = np.unravel_index(int(warmth.argmax()), warmth.shape)
        about = {
            "name": photo.name,
            "height": pixels.shape[0],
            "width": pixels.shape[1],
            "method": options.method,
            "crack": bool(answer.crack[0]),
            "probability": float(answer.probability[0]),
            "inside": bool(answer.inside[0]),
            "why": answer.why[0],
            "hottest": [int(row), int(column)],
            "share": float(mask.mean()),
        }
        pictures = {
            "overlay": _glowing(pixels, warmth),
            "heat": np.round(255.0 * warmth).astype(np.uint8),
            "mask": mask,
        }
        return PhotoReply(about, pictures)


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
