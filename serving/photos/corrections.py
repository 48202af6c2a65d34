"""GET and POST /corrections: masks corrected by a person, as training labels, where the operator asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from fieldwright.data.disk import fault
from fieldwright.data.photos.corrections import CorrectionFolder
from fieldwright.serving.exchange import Exchange
from fieldwright.serving.forms.accept import JSON, accepted_type, form_response
from fieldwright.serving.photos.intake import FormFile, SentForm, read_form
from fieldwright.serving.photos.interface import PhotoRoute
from fieldwright.serving.photos.options import Nothing, PhotoOptions, option
from fieldwright.serving.photos.pixels import mask_of, pixels_of, refuse_other_size
from fieldwright.serving.refusal import Refused
from fieldwright.serving.schemas.openapi import LOADED, Operation
from fieldwright.serving.schemas.reading import Says
from fieldwright.serving.served_model import ServedModel

LONGEST_NOTE = 2000
OFF = (
    "An endpoint must have a folder to keep corrections in",
    "none, since nothing that is sent is kept unless its operator asks for it",
    "Start it by `fieldwright serve STUDY --corrections FOLDER`",
)


class CorrectionOptions(PhotoOptions):
    """Options of POST /corrections."""

    note: Annotated[
        Annotated[str, Field(max_length=LONGEST_NOTE)] | Nothing,
        Says(f"'note' must be a text of at most {LONGEST_NOTE} characters", "Shorten it"),
    ] = option("What to know of the correction.")


class CorrectionAnswer(BaseModel):
    """What has been kept."""

    name: str = Field(description="Of photo and mask in the folder, without suffix.")
    version: int = Field(description="Of the mask: 1 for the first one of this photo.")


class CorrectionsAnswer(BaseModel):
    """Whether corrections are kept."""

    enabled: bool
    photos: int = Field(description="Photos that have a corrected mask.")
    versions: int = Field(description="Masks of them in all.")
    how: str | None = Field(description="How to have corrections kept, where they are not.")


CORRECT = PhotoRoute(
    "corrections",
    "Keep a corrected mask with its photo as a training label, where the operator has asked for it.",
    CorrectionOptions,
    CorrectionAnswer,
    files=(
        FormFile("photo", "The photo, which is kept byte for byte.", required=True),
        FormFile("mask", "Its corrected mask: black, with cracks in white.", required=True),
    ),
    status=201,
    failures=(507,),
)
CORRECTIONS = Operation(
    "get",
    "/corrections",
    "corrections_state",
    "Whether corrected masks are kept, and how many.",
    {JSON: CorrectionsAnswer},
    failures=LOADED,
)


async def corrections_route(served: ServedModel, exchange: Exchange) -> Response:
    """Answers whether corrections are kept."""
    media_type = accepted_type(exchange.request, (JSON,))
    folder = exchange.options.corrections

    def work() -> bytes:
        photos, versions = CorrectionFolder(Path(folder)).count() if folder else (0, 0)
        how = None if folder else f"{OFF[2]}."
        state = CorrectionsAnswer(enabled=bool(folder), photos=photos, versions=versions, how=how)
        return orjson.dumps(state.model_dump())

    return form_response(await exchange.in_thread(work, small=True), media_type)


async def correct_route(served: ServedModel, exchange: Exchange) -> Response:
    """Keeps a corrected mask with its photo."""
    media_type = accepted_type(exchange.request, (JSON,))
    folder = exchange.options.corrections
    if not folder:
        raise Refused(403, *OFF)
    form = await read_form(exchange.request, CORRECT.files)
    options = CORRECT.reader.read(form.options)
    about = {"note": options.note or "", "model": served.model, "version": served.version}

    def work() -> bytes:
        return _save(CorrectionFolder(Path(folder)), form, options.bits, about)

    response = form_response(await exchange.in_thread(work), media_type)
    response.status_code = CORRECT.status
    return response


def _save(folder: CorrectionFolder, form: SentForm, bits: int | None, about: dict[str, str]) -> bytes:
    (photo,), (sent_mask,) = form.photos, form.files["mask"]
    pixels = pixels_of(photo, bits)
    mask = mask_of(sent_mask)
    refuse_other_size(sent_mask, mask.shape, pixels.shape)
    try:
        correction = folder.save(photo.content, photo.name, mask, about)
    except OSError as error:
        must, do = fault(error, "the folder of corrections", "writable") or (
            "The folder of corrections must take a file",
            "Look at it and at the endpoint's log",
        )
        raise Refused(
            507, must, f"'{error.strerror}'; nothing has been kept", f"{do}, then send it again"
        ) from error
    return orjson.dumps(CorrectionAnswer(name=correction.name, version=correction.version).model_dump())
