"""What is answered about photos: JSON with probabilities and measurements, pictures as PNG, or both as ZIP."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.photos.photo import png_bytes
from fieldwright.serving.forms.accept import JSON, ZIP

PNG = "image/png"
Picture = np.ndarray | bytes
"""Pixels, uint8 (h, w) or (h, w, 3) or bool (h, w), or a file of them."""
Answered = tuple[dict[str, Any], dict[str, np.ndarray]]
"""What is said in all, and pictures by name."""


@dataclass(frozen=True, eq=False)
class PhotoReply:
    """about: what is said of one photo. pictures: by name, uint8 (h, w) or (h, w, 3)."""

    about: dict[str, Any]
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)


def together(replies: Iterable[PhotoReply]) -> Answered:
    """Of photos that are answered one by one; "<number>_<picture>" are the names of pictures, counted from 0."""
    abouts, pictures = [], {}
    for count, reply in enumerate(replies):
        abouts.append(reply.about)
        pictures |= {f"{count}_{name}": picture for name, picture in reply.pictures.items()}
    return {"photos": abouts}, pictures


@dataclass(frozen=True)
class PhotoForm:
    """media_type: of the answer. picture: the one that a PNG shows. needs: pictures that the answer needs."""

    media_type: str
    picture: str = ""
    needs: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, media_type: str, picture: str | None, pictures: Sequence[str], names: str | None = None
    ) -> PhotoForm:
        """Of a route that has these pictures; raises QueryError for a choice of them that goes with no such answer.

        picture: the one that was chosen for a PNG. names: those for an archive, with commas between.
        """
        if names is not None and media_type != ZIP:
            raise QueryError(
                f"'pictures' must come with the header 'Accept: {ZIP}'",
                f"an answer as {media_type}",
                "Send the header, or leave 'pictures' out",
            )
        if picture is not None and media_type != PNG:
            raise QueryError(
                f"'picture' must come with the header 'Accept: {PNG}'",
                f"an answer as {media_type}",
                "Send the header, or leave 'picture' out",
            )
        one = picture or next(iter(pictures), "")
        needs = (
            {JSON: (), PNG: (one,)}.get(media_type) if media_type != ZIP else pictures_named(names, pictures)
        )
        return cls(media_type, one, tuple(needs or ()))

    def body(self, document: bytes, pictures: Mapping[str, Picture], photos: int = 1) -> bytes:
        """The body of the answer; raises QueryError where one picture cannot tell of several photos.

        pictures: by name, "<number>_<picture>" for those of a photo, counted from 0.
        """
        if self.media_type == JSON:
            return document
        if self.media_type == ZIP:
            return _zipped(document, pictures)
        if photos > 1:
            raise QueryError(
                f"An answer of the type {PNG} can show one photo",
                f"{photos} photos",
                f"Send them one by one, or ask for {ZIP}",
            )
        return _png(pictures[self.picture] if self.picture in pictures else pictures[f"0_{self.picture}"])


def pictures_named(names: str | None, pictures: Sequence[str]) -> Sequence[str]:
    """The pictures that were chosen with commas between, else all."""
    return pictures if names is None else names.split(",")


def _png(picture: Picture) -> bytes:
    return picture if isinstance(picture, bytes) else png_bytes(picture)


def _zipped(document: bytes, pictures: Mapping[str, Picture]) -> bytes:
    """`answer.json`, and each picture under its name."""
    buffer = io.BytesIO()
    # PNG is compressed already.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("answer.json", document)
        for name, picture in pictures.items():
            archive.writestr(f"{name}.png", _png(picture))
    return buffer.getvalue()
