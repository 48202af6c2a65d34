"""What the protocol of an inspection tells: where, by whom, and what was measured on each photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import BaseModel, Field

from fieldwright.data.photos.photo import jpeg_bytes

LONGEST_SIDE = 1400
"""px of a picture in the protocol: 200 a inch over the width of a page."""
QUALITY = 85

Finite = Annotated[float, Field(allow_inf_nan=False)]


class ProtocolQuantity(BaseModel):
    """A measured figure between its bounds."""

    value: Finite
    lower: Finite
    upper: Finite
    unit: str


class ProtocolMeasurements(BaseModel):
    """Of all cracks of a photo together, as `CrackMeasurements.as_dict` has them."""

    length: ProtocolQuantity
    mean_width: ProtocolQuantity
    max_width: ProtocolQuantity
    area: ProtocolQuantity
    orientation_deg: Finite | None
    orientation_bounds_deg: tuple[Finite, Finite] | None
    components: int
    branches: int
    branches_bounds: tuple[int, int]
    mm_per_px: Finite | None


class PhotoGrowth(BaseModel):
    """How much the cracks have grown since an earlier photo, within what both show, as `CrackChange` has it.

    new_px2: pixels of new crack, in the earlier photo's frame. common: share of the earlier photo that both show.
    """

    length: ProtocolQuantity
    mean_width: ProtocolQuantity
    max_width: ProtocolQuantity
    new_px2: int
    common: Finite


class InspectedPhoto(BaseModel):
    """One photo with what a segmenter says of it.

    growth: since an earlier photo, or one sentence why it is not known; None where there is no earlier photo.
    """

    name: str
    height: int
    width: int
    crack: bool
    probability: Finite
    threshold: Finite
    share: Finite
    inside: bool
    why: str | None
    warning: str | None
    measurements: ProtocolMeasurements
    growth: PhotoGrowth | str | None = None


@dataclass(frozen=True)
class InspectionProtocol:
    """An inspection by one version of a model.

    photos: each with a picture, as JPEG or the path of one, in which the cracks are drawn. site, inspector, date,
    note: as they are to be printed; empty ones are left blank to be written by hand. rejected: name of each photo
    that could not be inspected, with a sentence. grown: picture of the new cracks of a photo by its name.
    """

    model: str
    version: str
    photos: Sequence[tuple[InspectedPhoto, bytes | Path]] = field(repr=False)
    site: str = ""
    inspector: str = ""
    date: str = ""
    note: str = ""
    rejected: Sequence[tuple[str, str]] = ()
    grown: Mapping[str, bytes | Path] = field(default_factory=dict, repr=False)


def small_picture(picture: np.ndarray) -> bytes:
    """The picture (h, w, 3) uint8 as a JPEG that fits a page."""
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    return jpeg_bytes(image.convert("RGB"), QUALITY)
