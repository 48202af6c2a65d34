"""What is answered about photos: JSON with probabilities and measurements, pictures as PNG, or both as ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
from starlette.requests import Request

from data.errors import QueryError
from data.photos.photo import png_bytes
from serving.answer import JSON
from serving.wording import listed

PNG, ZIP = "image/png", "application/zip"


@dataclass(frozen=True, eq=False)
class PhotoReply:
    """about: what is said of one photo. pictures: by name, uint8 (h, w) or (h, w, 3)."""

    about: dict[str, Any]
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)


def asked_type(request: Request) -> str:
    """The media type of the answer, by the header 'Accept'."""
    accepted = request.headers.get("accept", "")
    return next((media_type for media_type in (PNG, ZIP) if media_type in accepted), JSON)


def written(header: Mapping[str, Any], replies: Sequence[PhotoReply], media_type: str, picture: str) -> bytes:
    """The body of the answer; raises QueryError where one picture cannot tell of several photos.

    picture: the one that a PNG shows.
    """
    document = orjson.dumps(
        {**header, "photos": [reply.about for reply in replies]}, option=orjson.OPT_SERIALIZE_NUMPY
    )
    if media_type == JSON:
        return document
    if media_type == ZIP:
        return _zipped(document, replies)
    if len(replies) > 1:
        raise QueryError(
            f"An answer of the type {PNG} can show one photo",
            f"{len(replies)} photos",
            f"Send them one by one, or ask for {ZIP}",
        )
    return png_bytes(replies[0].pictures[picture])


def _zipped(document: bytes, replies: Sequence[PhotoReply]) -> bytes:
    """`answer.json`, and `<number>_<picture>.png` for the pictures of each photo, counted from 0."""
    buffer = io.BytesIO()
    # PNG is compressed already.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("answer.json", document)
        for count, reply in enumerate(replies):
            for name, picture in reply.pictures.items():
                archive.writestr(f"{count}_{name}.png", png_bytes(picture))
    return buffer.getvalue()


def refuse_other(asked: str, model: str, routes: Sequence[str]) -> QueryError:
    """The sentence for a route that this kind of model cannot answer."""
    return QueryError(
        f"POST {asked} must be asked of a model that can answer it",
        f"'{model}', a model for {listed(routes)}",
        f"Ask one of these, or serve another model",
    )
