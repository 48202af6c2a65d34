"""POST /protocol: photos, or answers about them, as one HTML page to be printed."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import numpy as np
import orjson
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from fieldwright.data.errors import PhotoError, QueryError
from fieldwright.data.photos.photo import read_photo
from fieldwright.serving.exchange import Exchange
from fieldwright.serving.forms.accept import accepted_type, form_response
from fieldwright.serving.photos.intake import PHOTO, FormFile, SentForm, SentPhoto, read_form
from fieldwright.serving.photos.interface import SEGMENT, PhotoRoute
from fieldwright.serving.photos.limits import MAX_OPERATIONS, MAX_PHOTOS, MAX_PIXELS
from fieldwright.serving.photos.options import (
    CAMERA,
    OVERLAY,
    Nothing,
    PhotoOptions,
    ScaleOptions,
    SegmentOptions,
    option,
    share,
    switch,
)
from fieldwright.serving.photos.pixels import refuse_costly
from fieldwright.serving.photos.routes import PhotoModel
from fieldwright.serving.phrases import listed
from fieldwright.serving.schemas.reading import Says
from fieldwright.surrogates.cracks.protocol import InspectedPhoto, InspectionProtocol, protocol_page
from fieldwright.surrogates.cracks.protocol.inspection import small_picture

HTML = "text/html"
LONGEST_TEXT = 2000
LARGEST_DOCUMENT = 32 * 1024**2
"""Bytes of `answer.json` in an archive, unpacked."""
LARGEST_PICTURE = 400 * 1024**2
"""The same of a picture."""


def _text(name: str) -> Any:
    return Annotated[
        Annotated[str, Field(max_length=LONGEST_TEXT)] | Nothing,
        Says(f"'{name}' must be a text of at most {LONGEST_TEXT} characters", "Shorten it"),
    ]


class ProtocolOptions(PhotoOptions, ScaleOptions):
    """Options of POST /protocol: those of the photos, and what is printed at the top."""

    threshold: share("threshold") = option(  # type: ignore[valid-type]
        "Probability from which on a pixel is crack; the model's own if left out."
    )
    augmented: switch("augmented") = Field(  # type: ignore[valid-type]
        False, description="Mean of eight turned and mirrored views, 8 times slower."
    )
    site: _text("site") = option("Which structure.")  # type: ignore[valid-type]
    inspector: _text("inspector") = option("By whom.")  # type: ignore[valid-type]
    date: _text("date") = option("When, as it is to be printed.")  # type: ignore[valid-type]
    note: _text("note") = option("Whatever else is to be read.")  # type: ignore[valid-type]

    OF_PHOTOS: ClassVar[tuple[str, ...]] = (
        "bits",
        "threshold",
        "augmented",
        "mm_per_px",
        "scale_error",
        *CAMERA,
    )

    def of_photos(self) -> SegmentOptions:
        """Those of POST /segment."""
        printed = {"site", "inspector", "date", "note"}
        return SegmentOptions.model_validate(self.model_dump(exclude=printed, exclude_unset=True))


class AnswerDocument(BaseModel):
    """`answer.json` of an answer of POST /segment."""

    model: str
    version: str
    photos: list[InspectedPhoto] = Field(min_length=1, max_length=MAX_PHOTOS)


PROTOCOL = PhotoRoute(
    "protocol",
    "An inspection as one HTML page to be printed: photos, or answers about them.",
    ProtocolOptions,
    BaseModel,
    files=(
        FormFile(PHOTO.name, "Photos, which are segmented.", most=MAX_PHOTOS),
        FormFile("answer", "Answers of POST /segment, or of its jobs, as application/zip.", most=MAX_PHOTOS),
    ),
    forms=(HTML,),
)


async def protocol_route(served: PhotoModel, exchange: Exchange) -> Response:
    """Answers with the protocol of an inspection."""
    media_type = accepted_type(exchange.request, (HTML,))
    form = await read_form(exchange.request, PROTOCOL.files)
    options = PROTOCOL.reader.read(form.options)
    answers = form.files.get("answer", ())
    if answers and any(getattr(options, name) for name in ProtocolOptions.OF_PHOTOS):
        raise QueryError(
            f"{listed(ProtocolOptions.OF_PHOTOS)} must come with photos that are segmented",
            "them with answers, which have theirs",
            "Leave them out",
        )
    if bool(form.photos) == bool(answers):
        raise QueryError(
            "A protocol must be made of photos, or of answers about them",
            "both" if answers else "none",
            "Send curl -F photo=@wall.jpg, or -F answer=@answer.zip",
        )

    def work() -> bytes:
        header, inspected = _segmented(served, form, options) if form.photos else _sent_before(answers)
        protocol = InspectionProtocol(
            *header,
            inspected,
            site=options.site or "",
            inspector=options.inspector or "",
            date=options.date or "",
            note=options.note or "",
        )
        return protocol_page(protocol).encode()

    return form_response(await exchange.in_thread(work), media_type)


def _segmented(
    served: PhotoModel, form: SentForm, options: ProtocolOptions
) -> tuple[tuple[str, str], list[tuple[InspectedPhoto, bytes]]]:
    segment_options = options.of_photos()
    refuse_costly(
        served.operations(SEGMENT, form, segment_options), len(form.photos), MAX_OPERATIONS, served.device
    )
    document, pictures = served.answer(SEGMENT, form, segment_options, (OVERLAY,))
    inspected = [
        (InspectedPhoto.model_validate(about), small_picture(pictures[f"{number}_overlay"]))
        for number, about in enumerate(document["photos"])
    ]
    return (served.model, served.version), inspected


def _sent_before(
    answers: tuple[SentPhoto, ...],
) -> tuple[tuple[str, str], list[tuple[InspectedPhoto, bytes]]]:
    """What answers tell that were given before; all must be by one version of one model."""
    header: tuple[str, str] | None = None
    inspected: list[tuple[InspectedPhoto, bytes]] = []
    for answer in answers:
        document, pictures = _unpacked(answer)
        if header not in (None, (document.model, document.version)):
            raise QueryError(
                "The answers of a protocol must be by one version of one model",
                f"'{document.model}' version {document.version} in '{answer.name}' beside another",
                "Ask anew for the photos of the older one",
            )
        header = document.model, document.version
        inspected += zip(document.photos, pictures, strict=True)
    assert header is not None
    return header, inspected


def _unpacked(answer: SentPhoto) -> tuple[AnswerDocument, Iterator[bytes]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        document = AnswerDocument.model_validate(
            orjson.loads(_member(archive, "answer.json", LARGEST_DOCUMENT))
        )
        pictures = [
            small_picture(_picture(_member(archive, f"{number}_overlay.png", LARGEST_PICTURE)))
            for number in range(len(document.photos))
        ]
    except (zipfile.BadZipFile, KeyError, NotImplementedError, EOFError, zlib.error, RuntimeError) as error:
        raise _not_an_answer(answer, str(error).strip("'\"") or "a damaged archive") from error
    except (orjson.JSONDecodeError, ValidationError, PhotoError) as error:
        got = error.got if isinstance(error, PhotoError) else "another document as answer.json"
        raise _not_an_answer(answer, got) from error
    return document, iter(pictures)


def _member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise zipfile.BadZipFile(f"more than {most // 1024**2} MiB as {name}")
    return content


def _picture(content: bytes) -> np.ndarray:
    return read_photo(content, max_pixels=MAX_PIXELS)


def _not_an_answer(answer: SentPhoto, got: str) -> QueryError:
    return QueryError(
        f"'{answer.name}' must be an answer of POST /segment as application/zip",
        got,
        "Send it as it was answered",
    )
