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
from fieldwright.serving.phrases import refuse_unknown
from fieldwright.serving.refusal import Refused

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


async def read_photos(request: Request, known: tuple[str, ...]) -> SentPhotos:
    """The photos and options of a request; options stand in the form or behind '?' in the address.

    known: names of the route's options. Raises QueryError.
    """
    body = await read_body(request, PHOTO_BODY)
    options = dict(request.query_params)
    if media_type(request) == MULTIPART:
        photos, told = await _form(request, body)
        options |= told
    else:
        photos = [SentPhoto("photo", body)]
    refuse_unknown(options, known, "The request's options")
    if not photos or not all(photo.content for photo in photos):
        raise QueryError("A request must hold at least one photo", "none, or an empty file", HOW)
    return SentPhotos(tuple(photos), options)


async def _form(request: Request, body: bytes) -> tuple[list[SentPhoto], dict[str, str]]:
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
    photos, options = [], {}
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                photos.append(SentPhoto(value.filename or "photo", await value.read()))
            else:
                options[name] = value
    finally:
        await form.close()
    return photos, options
