"""A crack segmenter that is ready to be served: POST /segment, /measure and /compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.serving.jobs.interface import job_operations
from fieldwright.serving.photos.corrections import CORRECT, CORRECTIONS
from fieldwright.serving.photos.intake import SentForm
from fieldwright.serving.photos.interface import COMPARE, MEASURE, SEGMENT, PhotoRoute
from fieldwright.serving.photos.options import CompareOptions, MeasureOptions, SegmentOptions
from fieldwright.serving.photos.pixels import (
    maps_of,
    mask_of,
    one_by_one,
    pixels_of,
    refuse_maps_alone,
    refuse_other_size,
    sizes,
)
from fieldwright.serving.photos.progress import Progress, TileCount
from fieldwright.serving.photos.protocol_route import PROTOCOL
from fieldwright.serving.photos.replies import Answered, PhotoReply, together
from fieldwright.serving.schemas.openapi import Operation
from fieldwright.surrogates.cracks.answered_photo import segmented_photo
from fieldwright.surrogates.cracks.segmentation.segmentation_result import SegmenterDescription
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
    job_routes: ClassVar[tuple[PhotoRoute, ...]] = (SEGMENT,)

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
        questions = [one.operation() for one in (SEGMENT, MEASURE, COMPARE, PROTOCOL, CORRECT)]
        return [*questions, CORRECTIONS, *job_operations(self.job_routes)]

    def operations(self, route: PhotoRoute, form: SentForm, options: Any) -> float:
        """Of the networks, for photos that they segment; raises QueryError and PhotoError."""
        photos = list(form.photos)
        if route is COMPARE:
            sizes([form.files[when][0] for when in ("before", "after")])
            photos = [
                form.files[when][0] for when in ("before", "after") if form.file(f"{when}_mask") is None
            ]
        views = VIEWS if getattr(options, "augmented", False) else 1
        return views * self.operations_per_pixel * sum(height * width for height, width in sizes(photos))

    def answer(
        self,
        route: PhotoRoute,
        form: SentForm,
        options: Any,
        pictures: Sequence[str],
        progress: Progress | None = None,
        cores: int = 1,
    ) -> Answered:
        """What is answered on a route, and these pictures alone; raises QueryError and PhotoError.

        cores: for which tiles are answered at a time.
        """
        if route is MEASURE:
            return {"photos": [self._measure(form, options)]}, {}
        return (
            self._compare(form, options)
            if route is COMPARE
            else together(self._segment(form, options, pictures, progress, cores))
        )

    def _segment(
        self,
        form: SentForm,
        options: SegmentOptions,
        pictures: Sequence[str],
        progress: Progress | None,
        cores: int,
    ) -> Iterator[PhotoReply]:
        scale = options.scale()
        tiles = [self.segmenter.count_tiles(shape) for shape in sizes(form.photos)]
        count = TileCount(tiles, progress)
        for photo, pixels in one_by_one(form.photos, options.bits):
            answered = segmented_photo(
                self.segmenter,
                pixels,
                photo.name,
                scale=scale,
                threshold=options.threshold,
                augmented=options.augmented,
                progress=count,
                at_a_time=cores,
            )
            count.measured()
            about = answered.about(profiles=options.profiles, lines=options.lines)
            reply = PhotoReply(about, {name: answered.pictures[name]() for name in pictures})
            count.photo_done()
            yield reply

    def _measure(self, form: SentForm, options: MeasureOptions) -> dict[str, Any]:
        from fieldwright.surrogates.cracks.measurement import measure

        (sent,) = form.files["mask"]
        mask = mask_of(sent)
        probability, std = maps_of(form, mask.shape)
        threshold = self._threshold(options.threshold)
        measured = measure(
            mask,
            scale=options.scale(),
            probability=probability,
            std=std,
            threshold=None if probability is None else threshold,
            factors=None if probability is None else self.segmenter.factors,
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

    def _compare(self, form: SentForm, options: CompareOptions) -> Answered:
        from fieldwright.surrogates.cracks.measurement import Outlines, change

        photos = [form.files[when][0] for when in ("before", "after")]
        masks = [form.file(f"{when}_mask") for when in ("before", "after")]
        pixels = [pixels_of(photo, options.bits) for photo in photos]
        outlines, limits, abouts = [], [], []
        for when, photo, sent_mask, one in zip(("before", "after"), photos, masks, pixels, strict=True):
            if sent_mask is None:
                refuse_maps_alone(form, when)
                answer = self.segmenter.segment(one, threshold=options.threshold)
                abouts.append(answer.about(photo.name))
                outlines.append(answer.mask)
                limits.append(Outlines.of(answer.mask, answer.probability, answer.std))
                continue
            mask = mask_of(sent_mask)
            refuse_other_size(sent_mask, mask.shape, one.shape)
            outlines.append(mask)
            probability, std = maps_of(form, mask.shape, f"{when}_")
            threshold = None if probability is None else self._threshold(options.threshold)
            limits.append(Outlines.of(mask, probability, std, threshold))
            unknown = dict.fromkeys(("probability", "threshold", "inside", "why", "warning"))
            abouts.append(
                {"name": photo.name, "height": mask.shape[0], "width": mask.shape[1]}
                | {"crack": bool(mask.any())}
                | unknown
            )
        growth = change(
            *pixels, *outlines, scale=options.scale(), before_limits=limits[0], after_limits=limits[1]
        )
        pictures = {"new": growth.new, "aligned": growth.registration.aligned(pixels[1], pixels[0].shape[:2])}
        return growth.as_dict() | {"photos": abouts}, pictures

    def _threshold(self, threshold: float | None) -> float:
        return self.description.threshold if threshold is None else threshold


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
