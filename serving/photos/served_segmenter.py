"""A crack segmenter that is ready to be served: POST /segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.photos.intake import SentPhoto
from fieldwright.serving.photos.interface import SEGMENT
from fieldwright.serving.photos.options import SegmentOptions
from fieldwright.serving.photos.pixels import pixels_of, refuse_costly, sizes
from fieldwright.serving.photos.replies import PhotoReply
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.surrogates.cracks.segmentation.segmentation_result import SegmenterDescription
from fieldwright.surrogates.families import SEGMENTATION, Family

if TYPE_CHECKING:
    from fieldwright.surrogates.cracks.measurement import Scale
    from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter

TRIED_SIDE = 256
VIEWS = 8
"""Of a photo, turned and mirrored, that an augmented answer is the mean of."""


@dataclass(frozen=True, eq=False)
class ServedSegmenter:
    """One version of one model; immutable, so that a swap is one assignment.

    operations_per_pixel: of all networks, counted when the model was loaded.
    """

    family: ClassVar[Family] = SEGMENTATION

    segmenter: CrackSegmenter
    model: str
    version: str
    device: str
    operations_per_pixel: float

    @property
    def description(self) -> SegmenterDescription:
        """What the segmenter says of itself: its training photos, its scores and its threshold."""
        return self.segmenter.description

    def interface(self) -> list[Operation]:
        """What the endpoint answers by it."""
        return [SEGMENT.operation()]

    def segment(self, photos: Sequence[SentPhoto], options: SegmentOptions) -> list[PhotoReply]:
        """Outlines and measurements of each photo; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.measurement import measure
        from fieldwright.surrogates.cracks.segmentation.overlay import overlay

        scale = _scale(options)
        views = VIEWS if options.augmented else 1
        area = sum(height * width for height, width in sizes(photos))
        refuse_costly(area * views * self.operations_per_pixel, len(photos), self.device)
        pixels = pixels_of(photos, options.bits)
        replies = []
        for photo, one in zip(photos, pixels, strict=True):
            answer = self.segmenter.segment(one, augmented=options.augmented)
            measured = measure(answer.mask, scale=scale, probability=answer.probability, std=answer.std)
            about = {
                "name": photo.name,
                "height": one.shape[0],
                "width": one.shape[1],
                "crack": bool(answer.mask.any()),
                "probability": float(answer.probability.max()),
                "threshold": self.segmenter.description.threshold,
                "share": float(answer.mask.mean()),
                "inside": answer.inside,
                "why": answer.why,
                "warning": answer.warning,
                "measurements": measured.as_dict(profiles=options.profiles),
            }
            pictures = {
                "mask": answer.mask,
                "overlay": overlay(one, answer.mask, measured),
                "probability": _grey(answer.probability),
                "std": _grey(answer.std),
            }
            replies.append(PhotoReply(about, pictures))
        return replies


def load_served_segmenter(shelved: Shelved, folder: Path) -> ServedSegmenter:
    """Loads the model, on the GPU where there is one, and tries it on noise; raises ModelError."""
    # BentoML's master process imports the service too, and never needs torch.
    import torch

    from fieldwright.surrogates.cracks.operations import operations_of
    from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter

    device = "cuda" if torch.cuda.is_available() else "cpu"
    segmenter = CrackSegmenter.load(folder, device=device)
    noise = np.random.default_rng(0).integers(0, 256, (TRIED_SIDE, TRIED_SIDE, 3), dtype=np.uint8)
    answer = segmenter.segment(noise)
    if not np.isfinite(answer.probability).all():
        raise ModelError(
            "A segmenter must answer a photo of noise with numbers",
            "some that are not finite",
            "Train it anew",
        )
    operations = operations_of(segmenter.networks, TRIED_SIDE, device) / TRIED_SIDE**2
    return ServedSegmenter(segmenter, shelved.model, shelved.version, device, operations)


def _scale(options: SegmentOptions) -> Scale | None:
    """How large a pixel is, where the client tells."""
    from fieldwright.surrogates.cracks.measurement.scale import Scale

    error = options.scale_error or 0.0
    if options.mm_per_px is not None:
        return Scale(options.mm_per_px, error)
    camera = options.camera()
    return Scale.of_camera(**camera, relative_error=error) if camera else None


def _grey(share: np.ndarray) -> np.ndarray:
    return np.round(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)
