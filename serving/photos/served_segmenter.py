"""A crack segmenter that is ready to be served: POST /segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.photos.intake import SentPhotos
from fieldwright.serving.photos.openapi import segmenter_specification
from fieldwright.serving.photos.options import number, switch
from fieldwright.serving.photos.pixels import decoded, refuse_costly, sizes
from fieldwright.serving.photos.replies import PhotoReply, PhotoRoute
from fieldwright.surrogates.families import SEGMENTATION, Family

if TYPE_CHECKING:
    from fieldwright.surrogates.cracks.measurement import Scale
    from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter

CAMERA = ("distance_mm", "focal_length_mm", "pixel_pitch_um")
SEGMENT = PhotoRoute(
    ("bits", "mm_per_px", *CAMERA, "scale_error", "profiles", "augmented", "picture"),
    ("mask", "overlay", "probability", "std"),
)
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

    def about(self) -> dict[str, Any]:
        """What a client should know: what it was trained on, its scores and its threshold."""
        description = self.segmenter.description.model_dump(mode="json")
        return {"model": self.model, "version": self.version, "device": self.device, **description}

    def specification(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return segmenter_specification(self.segmenter.description)

    def segment(self, sent: SentPhotos) -> list[PhotoReply]:
        """Outlines and measurements of each photo; raises QueryError and PhotoError."""
        from fieldwright.surrogates.cracks.measurement import measure
        from fieldwright.surrogates.cracks.segmentation.overlay import overlay

        scale = _scale(sent.options)
        augmented, profiles = switch(sent.options, "augmented"), switch(sent.options, "profiles")
        views = VIEWS if augmented else 1
        area = sum(height * width for height, width in sizes(sent))
        refuse_costly(area * views * self.operations_per_pixel, len(sent.photos), self.device)
        pixels = decoded(sent)
        replies = []
        for photo, one in zip(sent.photos, pixels, strict=True):
            found = self.segmenter.segment(one, augmented=augmented)
            measured = measure(found.mask, scale=scale, probability=found.probability, std=found.std)
            about = {
                "name": photo.name,
                "height": one.shape[0],
                "width": one.shape[1],
                "crack": bool(found.mask.any()),
                "probability": float(found.probability.max()),
                "threshold": self.segmenter.description.threshold,
                "share": float(found.mask.mean()),
                "inside": found.inside,
                "why": found.why,
                "warning": found.warning,
                "measurements": measured.as_dict(profiles=profiles),
            }
            pictures = {
                "mask": found.mask,
                "overlay": overlay(one, found.mask, measured),
                "probability": _grey(found.probability),
                "std": _grey(found.std),
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
    found = segmenter.segment(noise)
    if not np.isfinite(found.probability).all():
        raise ModelError(
            "A segmenter must answer a photo of noise with numbers",
            "some that are not finite",
            "Train it anew",
        )
    operations = operations_of(segmenter.networks, TRIED_SIDE, device) / TRIED_SIDE**2
    return ServedSegmenter(segmenter, shelved.model, shelved.version, device, operations)


def _scale(options: Mapping[str, str]) -> Scale | None:
    """How large a pixel is, where the client tells; raises QueryError for half of it or for both ways."""
    from fieldwright.surrogates.cracks.measurement.scale import Scale

    direct = number(options, "mm_per_px", 0.0)
    camera = {name: value for name in CAMERA if (value := number(options, name, 0.0)) is not None}
    error = number(options, "scale_error", 0.0, 1.0, open_ended=False) or 0.0
    if direct is None and not camera:
        return None
    if direct is not None and not camera:
        return Scale(direct, error)
    if direct is not None or len(camera) < len(CAMERA):
        raise QueryError(
            f"The scale must be given as 'mm_per_px', or by all of {', '.join(CAMERA)}",
            ", ".join([*(["mm_per_px"] if direct is not None else []), *camera]),
            "Add what is missing, or leave out the rest",
        )
    return Scale.of_camera(**camera, relative_error=error)


def _grey(share: np.ndarray) -> np.ndarray:
    return np.round(255.0 * np.clip(share, 0.0, 1.0)).astype(np.uint8)
