"""The operations that take photos, and the types of their answers, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, Field

from fieldwright.serving.forms.accept import JSON, ZIP
from fieldwright.serving.photos.intake import PHOTO, FormFile, takes_whole_body
from fieldwright.serving.photos.limits import MAX_PIXELS, MULTIPART, PHOTO_BODY, PICTURES
from fieldwright.serving.photos.options import (
    COMPARE_PICTURES,
    EXPLAIN_PICTURES,
    SEGMENT_PICTURES,
    ClassifyOptions,
    CompareOptions,
    ExplainOptions,
    MeasureOptions,
    SegmentOptions,
)
from fieldwright.serving.photos.replies import PNG
from fieldwright.serving.schemas.openapi import BINARY, LOADED, WITH_BODY, Operation, Versioned
from fieldwright.serving.schemas.reading import RequestObject, RequestReader, Says


class PhotoAnswer(BaseModel):
    """What every route says of a photo."""

    name: str
    height: int
    width: int
    crack: bool
    probability: float
    inside: bool = Field(description="Whether the photo resembles the training photos.")
    why: str | None = Field(description="Why it does not.")


class ClassifiedPhoto(PhotoAnswer):
    """Whether a photo shows a crack."""

    std: float
    lower: float
    upper: float
    coverage: float
    threshold: float
    prevalence: float
    outside: float
    where: list[int] = Field(description="First row and column and last ones of the part that decided.")


class ExplainedPhoto(PhotoAnswer):
    """Where the answer comes from."""

    method: str
    hottest: list[int] = Field(description="Row and column.")
    share: float = Field(description="Of the photo that counts as explanation.")


class SegmentedPhoto(PhotoAnswer):
    """Where a photo shows cracks."""

    threshold: float
    share: float = Field(description="Of the photo that is crack.")
    warning: str | None
    measurements: dict[str, Any] = Field(description="Lengths, widths and areas with their error bars.")


class MeasuredMask(BaseModel):
    """The cracks of one mask."""

    name: str
    height: int
    width: int
    crack: bool
    threshold: float
    share: float = Field(description="Of the mask that is crack.")
    measurements: dict[str, Any] = Field(description="Lengths, widths and areas with their error bars.")


class Growth(BaseModel):
    """After less before, with bounds."""

    value: float
    lower: float
    upper: float
    unit: str


class ComparedPhoto(BaseModel):
    """One of two photos; what is said of the model is null where its mask was given."""

    name: str
    height: int
    width: int
    crack: bool
    probability: float | None
    threshold: float | None
    inside: bool | None
    why: str | None
    warning: str | None


class ClassifyAnswer(Versioned):
    """Photos in their order."""

    photos: list[ClassifiedPhoto]


class ExplainAnswer(Versioned):
    """Photos in their order."""

    photos: list[ExplainedPhoto]


class SegmentAnswer(Versioned):
    """Photos in their order."""

    photos: list[SegmentedPhoto]


class MeasureAnswer(Versioned):
    """The mask that was sent."""

    photos: list[MeasuredMask]


class CompareAnswer(Versioned):
    """How much the cracks have grown, within what both photos show, in pixels of the first or in mm.

    The bounds of a growth are those of both measurements, added as squares. They contain what the probability leaves
    open where the model segments a photo, or where it comes along with its mask.
    """

    length: Growth
    mean_width: Growth
    max_width: Growth
    before: dict[str, Any] = Field(description="Measurements of what both show, before.")
    after: dict[str, Any] = Field(description="The same after, in the frame of the first photo.")
    new_px2: int = Field(description="Pixels of the picture 'new'.")
    common: float = Field(description="Share of the first photo that both show.")
    registration: dict[str, Any] = Field(
        description="How the second photo was laid upon the first: matches, their share and distance, and the matrix "
        "from x, y of the first to the second."
    )
    photos: list[ComparedPhoto] = Field(description="The one before and the one after.")


@dataclass(frozen=True, eq=False)
class PhotoRoute:
    """What a route takes and gives.

    pictures: of each photo, or of the answer as a whole; the first where a request for PNG names none. files: that a
    request may hold; the first may be the whole body, if no other must be there. status: of its answer. failures:
    statuses by which it is refused beside those of every question. forms: of answers, beside those of pictures.
    """

    name: str
    summary: str
    options: type[RequestObject]
    answer: type[BaseModel]
    pictures: Sequence[str] = ()
    files: Sequence[FormFile] = (PHOTO,)
    status: int = 200
    failures: Sequence[int] = ()
    forms: Sequence[str] = (JSON,)

    @cached_property
    def reader(self) -> RequestReader[Any]:
        """Reads its options."""
        words = Says("The options must be texts by name", keys="The request's options")
        return RequestReader(Annotated[self.options, words])

    @property
    def media_types(self) -> tuple[str, ...]:
        """The forms in which it answers."""
        return (*self.forms, PNG, ZIP) if self.pictures else tuple(self.forms)

    def operation(self) -> Operation:
        """Its part of the OpenAPI document: options in the form, or behind "?"."""
        options = self.options.model_json_schema()["properties"]
        form = {
            "type": "object",
            "required": [one.name for one in self.files if one.required],
            "properties": {one.name: _schema_of(one) for one in self.files} | options,
            "additionalProperties": False,
        }
        pictures = PICTURES if takes_whole_body(self.files) else ()
        most = self.files[0].most
        number = f"{most} photos" if most > 1 else "files"
        return Operation(
            "post",
            f"/{self.name}",
            self.name,
            self.summary,
            {one: self.answer if one == JSON else BINARY for one in self.media_types},
            {MULTIPART: form} | dict.fromkeys(pictures, BINARY),
            parameters=[
                {
                    "name": name,
                    "in": "query",
                    "description": schema.get("description", ""),
                    "schema": {
                        key: value for key, value in schema.items() if key not in ("description", "title")
                    },
                }
                for name, schema in options.items()
            ],
            failures=(*LOADED, *WITH_BODY, *self.failures),
            status=self.status,
            description=f"The body may be {PHOTO_BODY.most // 1024**2} MiB and take {PHOTO_BODY.seconds:g} s to "
            f"arrive, with {number} of {MAX_PIXELS // 1_000_000} million pixels together. An option "
            'stands in the form or behind "?", not in both.',
        )


def _schema_of(file: FormFile) -> dict[str, Any]:
    described = {"description": file.description}
    if file.most == 1:
        return BINARY | described
    return {"type": "array", "items": BINARY, "minItems": 1, "maxItems": file.most} | described


CLASSIFY = PhotoRoute(
    "classify",
    "Whether photos show a crack: calibrated probability and band.",
    ClassifyOptions,
    ClassifyAnswer,
)
EXPLAIN = PhotoRoute(
    "explain", "Where the answer comes from.", ExplainOptions, ExplainAnswer, EXPLAIN_PICTURES
)
SEGMENT = PhotoRoute(
    "segment",
    "Where photos show cracks, how long and wide they are, with error bars.",
    SegmentOptions,
    SegmentAnswer,
    SEGMENT_PICTURES,
)
MEASURE = PhotoRoute(
    "measure",
    "How long and wide the cracks of a mask are, such as one that was corrected by hand.",
    MeasureOptions,
    MeasureAnswer,
    files=(
        FormFile("mask", "Black, with cracks in white.", required=True),
        FormFile("probability", "Grey, 255 for 1, as POST /segment gives it: widens the bounds."),
        FormFile("std", "The same of its standard deviation."),
    ),
)
COMPARE = PhotoRoute(
    "compare",
    "How much cracks have grown between two photos of one place, with error bars.",
    CompareOptions,
    CompareAnswer,
    COMPARE_PICTURES,
    (
        FormFile("before", "The photo that was taken first.", required=True),
        FormFile("after", "The later photo.", required=True),
        FormFile("before_mask", "Its cracks, where they are known better than the model sees them."),
        FormFile("after_mask", "The same of the later photo."),
        FormFile("before_probability", "Grey, 255 for 1, with 'before_mask': widens the bounds."),
        FormFile("before_std", "The same of its standard deviation."),
        FormFile("after_probability", "The same of the later photo."),
        FormFile("after_std", "The same of the later photo."),
    ),
)
