"""The tables of a study file whose study learns from photos, key by key."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.photos.image_file import MAX_PIXELS
from fieldwright.data.photos.orientation import Turning
from fieldwright.data.photos.reading import PhotoReading
from fieldwright.flows.study.promotion_section import PromotionLimits
from fieldwright.flows.study.section import Section
from fieldwright.physics.concrete.settings import Family, Pattern, SurfaceSettings
from fieldwright.surrogates.cracks.classification.decision import Costs
from fieldwright.surrogates.families import CLASSIFICATION, SEGMENTATION

Kind = Literal["classification", "segmentation"]
METRICS: dict[Kind, tuple[str, ...]] = {
    "classification": CLASSIFICATION.metrics,
    "segmentation": SEGMENTATION.metrics,
}
"""What candidates can be compared by, the default first; lower is better."""
SEEDS = 1_000_000
"""Photos that the generator draws of one study's seed at most; another seed draws others."""
LEAST: dict[Kind, tuple[str, ...]] = {
    "classification": (
        "accuracy",
        "precision",
        "recall",
        "specificity",
        "f1",
        "roc_auc",
        "average_precision",
    ),
    "segmentation": (
        "f1",
        "f1_2px",
        "f1_5px",
        "precision_2px",
        "recall_2px",
        "iou",
        "mean_iou",
        "ods",
        "ois",
    ),
}
"""What a promotion can ask for; higher is better."""


class Photos(Section):
    """Where the photos and their labels are."""

    folder: Path = Field(description="Folder of the collection, relative to the study file.")
    reader: str | None = Field(
        None,
        description="Layout of the collection: `metu`, `sdnet2018`, `deepcrack`, `crackforest`, `crack500` or "
        "`pairs`; recognised from its folders if left out.",
    )
    photos: str | None = Field(
        None, description="For `pairs`: the folder of photos within it, if not `photos`."
    )
    masks: str | None = Field(None, description="For `pairs`: the folder of masks within it, if not `masks`.")
    group: str | None = Field(
        None,
        description="Regular expression on a photo's name without its suffix, whose first group names the photo "
        "that it is a tile of: `(.+)_r\\d+c\\d+`. Tiles of one photo stay in one part. The collection's own rule if "
        "left out.",
    )
    largest: float = Field(
        MAX_PIXELS / 1e6, gt=0, description="Larger photos, in million pixels, are rejected."
    )
    bits: int | None = Field(
        None,
        ge=8,
        le=16,
        description="Bits that hold the brightness of photos with 16 bits a channel: 12 for a camera that writes "
        "0 to 4095. Photos that do not use their 16 bits are rejected if left out.",
    )
    crack_values: tuple[int | str, ...] = Field(
        (),
        description='For masks with several classes: the greys, indices of the palette or colours (`"#ff0000"`) that '
        "are crack. All other values, an ignore value too, are background. Such masks are rejected if left out.",
    )
    mask_orientation: Turning | None = Field(
        None,
        description="Where photo and mask have different EXIF orientations and the size does not decide: `photo` if "
        "masks were drawn over the stored pixels and turn as their photos do, `own` if over the upright photo. "
        "Such photos are rejected if left out.",
    )
    minimum: int = Field(
        40, ge=1, description="Fewer usable photos than this end the pipeline with an error."
    )

    @field_validator("crack_values")
    @classmethod
    def _are_values(cls, values: tuple[int | str, ...]) -> tuple[int | str, ...]:
        for value in values:
            if isinstance(value, str) and not re.fullmatch("#[0-9a-fA-F]{6}", value):
                raise ValueError(f"must be whole numbers or colours such as '#ff0000': '{value}'")
        return values

    @property
    def reading(self) -> PhotoReading:
        """How the files are read where they do not say so themselves."""
        return PhotoReading(self.bits, self.crack_values, self.mask_orientation, round(self.largest * 1e6))

    @field_validator("group")
    @classmethod
    def _has_a_group(cls, value: str | None) -> str | None:
        try:
            if value is not None and re.compile(value).groups < 1:
                raise ValueError("must have a group in parentheses that names the large photo")
        except re.error as error:
            raise ValueError(f"must be a regular expression: {error}") from None
        return value


class Labels(Section):
    """The masks of a segmentation, looked through before candidates are trained; see docs/photos.md.

    Networks that have not learned from a photo outline it, and the masks that differ most from what they are sure of
    are shown in the report.
    """

    suspected: Literal["show", "leave_out", "down_weight"] = Field(
        "show",
        description="What becomes of photos whose mask stands far out of the others: `show` them alone, "
        "`leave_out`, which takes them out of the training and validation photos, or `down_weight`, by which "
        "candidates learn less from them. Test photos stay.",
    )
    weight: float = Field(
        0.25,
        gt=0,
        le=1,
        description="With `down_weight`, how often a suspected photo is learned from, others being 1.",
    )
    folds: int = Field(
        2,
        ge=2,
        le=10,
        description="Parts of the photos, each outlined by a network that has learned from the others.",
    )
    minutes: float = Field(2.0, gt=0, description="Of processor time for the network of each fold.")
    steps: int | None = Field(
        None, ge=1, description="Of each network, if they are fewer than those minutes hold."
    )


class Generator(Section):
    """Photos drawn by the generator of cracked surfaces, with their masks; see docs/photos.md.

    Beside a collection they are learned from and never evaluated by; without one they are all there is.
    """

    photos: int = Field(ge=1, le=SEEDS, description="How many photos are drawn.")
    cracked: float = Field(0.5, ge=0, le=1, description="Share of them with a crack.")
    family: Literal[Family, "mixed"] = Field("mixed", description="What the surface is made of.")
    size: tuple[int, int] = Field((227, 227), description="Height and width in pixels.")
    pattern: Literal[Pattern, "mixed"] = Field(
        "mixed", description="Single cracks, branching ones, or an alligator network."
    )
    width_px: tuple[float, float] = Field(
        SurfaceSettings.width_px, description="Narrowest and widest mean width of a crack, in pixels."
    )
    distractors: float = Field(
        SurfaceSettings.distractors,
        description="Mean number of joints, scratches, cables, leaves and stains, which are no cracks.",
    )
    camera: bool = Field(
        True, description="Whether a camera's blur, noise, colour cast and compression are added."
    )

    def surface(self, number: int) -> SurfaceSettings:
        """What the photo of that number shall be; cracked ones are spread evenly among them."""
        crack = math.floor((number + 1) * self.cracked) > math.floor(number * self.cracked)
        return SurfaceSettings(**self.model_dump(exclude={"photos", "cracked"}), crack=crack)

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Generator:
        try:
            self.surface(0)
        except FieldwrightError as error:
            raise ValueError(str(error)) from None
        return self


class Split(Section):
    """Which photos are learned from, which choose the best candidate, and which are the test set."""

    train: float = Field(0.6, gt=0, lt=1, description="Share of the photos that networks learn from.")
    validation: float = Field(
        0.2, gt=0, lt=1, description="Share that stops and calibrates the training and compares candidates."
    )
    test: float = Field(
        0.2, gt=0, lt=1, description="Share of the test set, on which the best candidate is evaluated once."
    )
    predefined: bool = Field(
        True,
        description="Whether a collection that comes with parts (DeepCrack, CRACK500) keeps them: its test part is "
        "the test set, and `train` and `validation` divide the other photos in their ratio, unless it has a "
        "validation part too.",
    )

    @model_validator(mode="after")
    def _shares_add_up(self) -> Split:
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"'train', 'validation' and 'test' must add up to 1: {total:g}")
        return self


class MistakeCosts(Costs):
    """What the two mistakes of a classification cost, in any one unit, and how frequent cracks are in the field.

    miss: of a crack that is called sound. alarm: of a sound surface that is called cracked.
    prevalence: share of cracked photos where the model will be used, at which the metric "cost" is taken; that of
    the photos if left out.
    """

    prevalence: float | None = Field(default=None, gt=0.0, lt=1.0)


class PhotoPromotion(PromotionLimits):
    """What candidates are compared by, and when the best one becomes the served champion."""

    metric: str | None = Field(
        None,
        description="Lower is better. Classification: `log_loss` (if left out), `brier`, `cost` by `[costs]`, "
        "`error_rate`. Segmentation: `f1_error`, which is 1 - F1 within 2 pixels (if left out), or `iou_error`.",
    )
    least: dict[str, float] = Field(
        default_factory=dict,
        description="Least value on the test photos of each named metric: `{ recall = 0.95 }`, `{ f1_2px = 0.7 }`.",
    )
    allow_no_better: bool = Field(
        False,
        description="Promote even a model that does no better on the test photos than one answer for all: always the "
        "same class, no crack anywhere, or crack everywhere.",
    )
    min_improvement: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share by which the metric must beat the present champion's on the same photos: 0.05 is 5 %.",
    )
