"""A crack segmenter that is ready to be served: POST /segment, /measure and /compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.photos.corrections import CORRECT, CORRECTIONS
from fieldwright.serving.photos.intake import SentForm, SentPhoto
from fieldwright.serving.photos.interface import COMPARE, MEASURE, SEGMENT
from fieldwright.serving.photos.options import CompareOptions, MeasureOptions, SegmentOptions
from fieldwright.serving.photos.pixels import (
    map_of,
    mask_of,
    pixels_of,
    refuse_costly,
    refuse_other_size,
    sizes,
)
from fieldwright.serving.photos.replies import PhotoReply
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.surrogates.cracks.segmentation.segmentation_result import Segmentation, SegmenterDescription
from fieldwright.surrogates.families import SEGMENTATION, Family

if TYPE_CHECKING:
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
        return [*(one.operation() for one in (SEGMENT, MEASURE, COMPARE, CORRECT)), CORRECTIONS]

    def segment(self, photos: Sequence[SentPhoto], options: SegmentOptions) -> list[PhotoReply]:
        """Outlines and measurements of each photo; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.measurement import measure
        from fieldwright.surrogates.cracks.segmentation.overlay import overlay

        scale = options.scale()
        self._refuse_costly(photos, VIEWS if options.augmented else 1)
        pixels = pixels_of(photos, options.bits)
        replies = []
        for photo, one in zip(photos, pixels, strict=True):
            answer = self.segmenter.segment(one, augmented=options.augmented, threshold=options.threshold)
            measured = measure(answer.mask, scale=scale, probability=answer.probability, std=answer.std)
            about = self._about(photo, answer) | {
                "share": float(answer.mask.mean()),
                "measurements": measured.as_dict(profiles=options.profiles, lines=options.lines),
            }
            pictures = {
                "mask": answer.mask,
                "overlay": overlay(one, answer.mask, measured),
                "probability": _grey(answer.probability),
                "std": _grey(answer.std),
            }
            replies.append(PhotoReply(about, pictures))
        return replies

    def measure(self, form: SentForm, options: MeasureOptions) -> dict[str, Any]:
        """The cracks of a mask; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.measurement import measure

        (sent,) = form.files["mask"]
        mask = mask_of(sent)
        probability, std = (
            None if (picture := form.file(name)) is None else map_of(picture, mask.shape)
            for name in ("probability", "std")
        )
        threshold = self._threshold(options.threshold)
        measured = measure(
            mask,
            scale=options.scale(),
            probability=probability,
            std=std,
            threshold=None if probability is None else threshold,
        )
        return {
            "name": sent.name,
            "height": mask.shape[0],
            "width": mask.shape[1],
            "crack": bool(mask.any()),
            "threshold": threshold,
            "share": float(mask.mean()),
            "measurements": measured.as_dict(profiles=options.profiles, lines=options.lines),
        }

    def compare(
        self, form: SentForm, options: CompareOptions
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Growth between two photos and its pictures; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.measurement import change

        photos = [form.files[when][0] for when in ("before", "after")]
        masks = [form.file(f"{when}_mask") for when in ("before", "after")]
        sizes(photos)
        self._refuse_costly([photo for photo, mask in zip(photos, masks, strict=True) if mask is None], 1)
        pixels = pixels_of(photos, options.bits)
        outlines, abouts = [], []
        for photo, sent_mask, one in zip(photos, masks, pixels, strict=True):
            if sent_mask is None:
                answer = self.segmenter.segment(one, threshold=options.threshold)
                abouts.append(self._about(photo, answer))
                outlines.append(answer.mask)
                continue
            mask = mask_of(sent_mask)
            refuse_other_size(sent_mask, mask.shape, one.shape)
            outlines.append(mask)
            unknown = dict.fromkeys(("probability", "threshold", "inside", "why", "warning"))
            abouts.append(_size_of(photo, mask) | {"crack": bool(mask.any())} | unknown)
        growth = change(*pixels, *outlines, scale=options.scale())
        pictures = {"new": growth.new, "aligned": growth.registration.aligned(pixels[1], pixels[0].shape[:2])}
        return growth.as_dict() | {"photos": abouts}, pictures

    def _about(self, photo: SentPhoto, answer: Segmentation) -> dict[str, Any]:
        return _size_of(photo, answer.mask) | {
            "crack": bool(answer.mask.any()),
            "probability": float(answer.probability.max()),
            "threshold": answer.threshold,
            "inside": answer.inside,
            "why": answer.why,
            "warning": answer.warning,
        }

    def _threshold(self, threshold: float | None) -> float:
        return self.description.threshold if threshold is None else threshold

    def _refuse_costly(self, photos: Sequence[SentPhoto], views: int) -> None:
        area = sum(height * width for height, width in sizes(photos))
        refuse_costly(area * views * self.operations_per_pixel, len(photos), self.device)


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


def _grey(share: np.ndarray) -> np.ndarray:
    return np.round(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)


def _size_of(photo: SentPhoto, mask: np.ndarray) -> dict[str, Any]:
    return {"name": photo.name, "height": mask.shape[0], "width": mask.shape[1]}
