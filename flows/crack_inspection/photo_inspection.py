"""One photo of an inspection: segmented, measured, drawn, and compared with the earlier photo of its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from scipy.ndimage import binary_dilation

from fieldwright.data.errors import PhotoError, QueryError
from fieldwright.data.photos.photo import jpeg_bytes, png_bytes, read_photo
from fieldwright.surrogates.cracks.answered_photo import segmented_photo
from fieldwright.surrogates.cracks.measurement import Outlines, Scale, change
from fieldwright.surrogates.cracks.protocol.inspection import LONGEST_SIDE, PhotoGrowth, small_picture
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_result import Segmentation

QUALITY = 90
ORANGE = (255, 140, 0)
Tiles = Callable[[int, int], None]


@dataclass(frozen=True)
class InspectionSettings:
    """How photos are inspected. scale: of all of them; None for pixels. threshold: the model's own if None.

    augmented: by the mean of eight views. bits: of photos with 16 bits a channel.
    """

    scale: Scale | None = None
    threshold: float | None = None
    augmented: bool = False
    bits: int | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0.0 < self.threshold < 1.0:
            raise QueryError("'--threshold' must lie between 0 and 1", f"{self.threshold:g}", "Correct it")

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "scale": None if self.scale is None else vars(self.scale)}


def inspected_photo(
    segmenter: CrackSegmenter,
    name: str,
    content: bytes,
    settings: InspectionSettings,
    before: bytes | None = None,
    tiles: Tiles | None = None,
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What is said of a photo, as POST /segment says it, with its growth; and its pictures as files.

    before: the earlier photo of the place. tiles: called with tiles done and in all. Raises PhotoError where the
    photo cannot be read; an earlier one that cannot is said in `growth`.
    """
    pixels = read_photo(content, bits=settings.bits)
    answered = segmented_photo(
        segmenter,
        pixels,
        name,
        scale=settings.scale,
        threshold=settings.threshold,
        augmented=settings.augmented,
        progress=tiles,
    )
    drawn, mask = answered.pictures["overlay"](), answered.segmentation.mask
    about = answered.about()
    pictures = {
        "small": small_picture(drawn),
        "overlay": jpeg_bytes(Image.fromarray(drawn), QUALITY),
        "mask": png_bytes(mask),
    }
    if before is not None:
        try:
            growth, grown = _growth(
                segmenter, read_photo(before, bits=settings.bits), pixels, answered.segmentation, settings
            )
            about["growth"], pictures["grown"] = growth.model_dump(), small_picture(grown)
        except (PhotoError, QueryError) as error:
            about["growth"] = str(error)
    return about, pictures


def _growth(
    segmenter: CrackSegmenter,
    before: np.ndarray,
    after: np.ndarray,
    later: Segmentation,
    settings: InspectionSettings,
) -> tuple[PhotoGrowth, np.ndarray]:
    """Growth, and the later photo as it lies upon the earlier one, with its new cracks in orange."""
    earlier = segmenter.segment(before, augmented=settings.augmented, threshold=settings.threshold)
    limits = [Outlines.of(one.mask, one.probability, one.std) for one in (earlier, later)]
    grown = change(
        before,
        after,
        earlier.mask,
        later.mask,
        scale=settings.scale,
        before_limits=limits[0],
        after_limits=limits[1],
    )
    picture = grown.registration.aligned(after, before.shape[:2]).copy()
    # A new crack of a pixel must be seen where the picture is shrunk to the page.
    shrunk = max(picture.shape) // LONGEST_SIDE
    new = binary_dilation(grown.new, iterations=shrunk) if shrunk else grown.new
    picture[np.asarray(new, dtype=bool)] = ORANGE
    return PhotoGrowth.model_validate(grown.as_dict()), picture
