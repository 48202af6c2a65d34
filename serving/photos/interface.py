"""The operations that take photos, and the types of their answers, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, Field

from fieldwright.serving.forms.accept import JSON, ZIP
from fieldwright.serving.photos.limits import MAX_PHOTOS, MAX_PIXELS, MULTIPART, PHOTO_BODY, PICTURES
from fieldwright.serving.photos.options import (
    EXPLAIN_PICTURES,
    SEGMENT_PICTURES,
    ClassifyOptions,
    ExplainOptions,
    PhotoOptions,
    SegmentOptions,
)
from fieldwright.serving.photos.replies import PNG
from fieldwright.serving.schemas.openapi import BINARY, Operation, Versioned
from fieldwright.serving.schemas.reading import RequestReader, Says


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


class ClassifyAnswer(Versioned):
    """Photos in their order."""

    photos: list[ClassifiedPhoto]


class ExplainAnswer(Versioned):
    """Photos in their order."""

    photos: list[ExplainedPhoto]


class SegmentAnswer(Versioned):
    """Photos in their order."""

    photos: list[SegmentedPhoto]


@dataclass(frozen=True, eq=False)
class PhotoRoute:
    """What a route takes and gives. pictures: of each photo, the first where a request for PNG names none."""

    name: str
    summary: str
    options: type[PhotoOptions]
    answer: type[BaseModel]
    pictures: Sequence[str] = ()

    @cached_property
    def reader(self) -> RequestReader[Any]:
        """Reads its options."""
        words = Says("The options must be texts by name", keys="The request's options")
        return RequestReader(Annotated[self.options, words])

    @property
    def media_types(self) -> tuple[str, ...]:
        """The forms in which it answers."""
        return (JSON, PNG, ZIP) if self.pictures else (JSON,)

    def operation(self) -> Operation:
        """Its part of the OpenAPI document: options in the form, or behind "?"."""
        options = self.options.model_json_schema()["properties"]
        photos = {"type": "array", "items": BINARY, "minItems": 1, "maxItems": MAX_PHOTOS}
        form = {
            "type": "object",
            "required": ["photo"],
            "properties": {"photo": photos} | options,
            "additionalProperties": False,
        }
        return Operation(
            "post",
            f"/{self.name}",
            self.name,
            self.summary,
            {JSON: self.answer} | dict.fromkeys(self.media_types[1:], BINARY),
            {MULTIPART: form} | dict.fromkeys(PICTURES, BINARY),
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
            description=f"The body may be {PHOTO_BODY.most // 1024**2} MiB and take {PHOTO_BODY.seconds:g} s to "
            f"arrive, with {MAX_PHOTOS} photos of {MAX_PIXELS // 1_000_000} million pixels together. An option "
            'stands in the form or behind "?", not in both.',
        )


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
