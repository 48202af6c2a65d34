"""What the protocol of an inspection tells: where, by whom, and what was measured on each photo."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import BaseModel, Field

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


class InspectedPhoto(BaseModel):
    """One photo with what a segmenter says of it."""

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


@dataclass(frozen=True)
class InspectionProtocol:
    """An inspection by one version of a model.

    photos: each with a picture, as JPEG, in which the cracks are drawn. site, inspector, date, note: as they are to
    be printed; empty ones are left blank to be written by hand.
    """

    model: str
    version: str
    photos: tuple[tuple[InspectedPhoto, bytes], ...] = field(repr=False)
    site: str = ""
    inspector: str = ""
    date: str = ""
    note: str = ""


def small_picture(picture: np.ndarray) -> bytes:
    """The picture (h, w, 3) uint8 as a JPEG that fits a page."""
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
