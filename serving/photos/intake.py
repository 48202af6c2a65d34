"""Photos as a client sends them: files of a multipart form, or one picture as the whole body."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from fieldwright.data.errors import QueryError
from fieldwright.serving.body import media_type, read_body
from fieldwright.serving.photos.limits import MAX_OPTIONS, MAX_PHOTOS, MULTIPART, PHOTO_BODY
from fieldwright.serving.phrases import quoted
from fieldwright.serving.refusal import Refused

PHOTO = "photo"
HOW = "Send curl -F photo=@wall.jpg"


@dataclass(frozen=True)
class SentPhoto:
    """One file of a request, not yet decoded; name: the file's own, or 'photo'."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class SentPhotos:
    """The photos of a request, at least one, and its options as texts."""

    photos: tuple[SentPhoto, ...]
    options: Mapping[str, str]


async def read_photos(request: Request) -> SentPhotos:
    """The photos and options of a request; options stand in the form or behind '?' in the address.

    Raises QueryError.
    """
    body = await read_body(request, PHOTO_BODY)
    options = list(request.query_params.multi_items())
    if media_type(request) == MULTIPART:
        photos, in_form = await _form(request, body)
        options += in_form
    else:
        photos = [SentPhoto(PHOTO, body)]
    if not photos or not all(photo.content for photo in photos):
        raise QueryError("A request must hold at least one photo", "none, or an empty file", HOW)
    texts: dict[str, str] = {}
    for name, text in options:
        if name in texts:
            raise QueryError("An option must be given once", f"{quoted(name)} twice", "Leave one out")
        texts[name] = text
    # BentoML's client writes every option as JSON: texts in quotes, and null for one that has no value.
    return SentPhotos(tuple(photos), {name: _bare(text) for name, text in texts.items() if text != "null"})


def _bare(text: str) -> str:
    quotes = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quotes else text


async def _form(request: Request, body: bytes) -> tuple[list[SentPhoto], list[tuple[str, str]]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=MAX_PHOTOS, max_fields=MAX_OPTIONS)
    # The body is in memory already; a copy in a file would need a disk that is not full.
    parser.spool_max_size = PHOTO_BODY.most
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        why = getattr(error, "message", "") or str(error)
        raise Refused(400, "The body must be a multipart form with files", why.rstrip("."), HOW) from error
    photos, options = [], []
    try:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                options.append((name, value))
            elif name == PHOTO:
                photos.append(SentPhoto(value.filename or PHOTO, await value.read()))
            else:
                raise QueryError(f"Every file must be named '{PHOTO}' in the form", quoted(name), HOW)
    finally:
        await form.close()
    return photos, options
