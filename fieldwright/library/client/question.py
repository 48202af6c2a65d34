"""One question to an endpoint, before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import numpy as np
import pandas as pd

from fieldwright.data.disk import fault
from fieldwright.data.errors import QueryError
from fieldwright.data.photos.photo import png_bytes

Parameters = Mapping[str, float] | Sequence[Mapping[str, float]] | pd.DataFrame
"""One query, or several: objects of named numbers, or a table with a row for each."""
Photo = str | Path | bytes
Picture = str | Path | bytes | np.ndarray
Answer = TypeVar("Answer")


@dataclass(frozen=True, eq=False)
class PreparedQuestion:
    """method, path, accept: of the request. read: its answer in the reply. body: `json`, or `data` and `files`."""

    method: str
    path: str
    read: Callable[[httpx.Response], Any]
    accept: str = "application/json"
    body: Mapping[str, Any] = field(default_factory=dict)


Steps = Generator[PreparedQuestion, Any, Answer]
"""Questions one after the other, each sent the answer to it, and what comes of them all."""


def json_body(**keys: Any) -> dict[str, Any]:
    """The body of a question: keys that are None are left out, arrays become lists."""
    return {"json": {name: plain(value) for name, value in keys.items() if value is not None}}


def photo_body(photos: Photo | Sequence[Photo], **options: Any) -> dict[str, Any]:
    """The form of a question about photos: files, or the bytes of files."""
    several = [photos] if isinstance(photos, str | Path | bytes) else photos
    return _form([("photo", f"photo_{k}", photo) for k, photo in enumerate(several)], options)


def picture_body(pictures: Mapping[str, Picture | None], **options: Any) -> dict[str, Any]:
    """The form of a question about pictures that each have a name of their own; those that are None are left out."""
    return _form([(name, name, one) for name, one in pictures.items() if one is not None], options)


def _form(pictures: Sequence[tuple[str, str, Picture]], options: Mapping[str, Any]) -> dict[str, Any]:
    """pictures: name in the form, name where it is no file, and picture. Options that are None or False stay away."""
    files = [(field, (*_file(title, one), "application/octet-stream")) for field, title, one in pictures]
    texts = {
        name: _text(value) for name, value in options.items() if value is not None and value is not False
    }
    return {"files": files, "data": texts}


def _file(title: str, picture: Picture) -> tuple[str, bytes]:
    if isinstance(picture, bytes):
        return title, picture
    if isinstance(picture, np.ndarray):
        return title, png_bytes(picture)
    return Path(picture).name, _content(picture)


def parameter_rows(parameters: Parameters | None) -> Any:
    """The parameters as JSON has them."""
    if parameters is None:
        return None
    if isinstance(parameters, pd.DataFrame):
        return [
            dict(zip(map(str, parameters.columns), row, strict=True))
            for row in parameters.to_numpy().tolist()
        ]
    if isinstance(parameters, Mapping):
        return {name: plain(value) for name, value in parameters.items()}
    return [{name: plain(value) for name, value in row.items()} for row in parameters]


def plain(value: Any) -> Any:
    """The value as JSON has it: arrays as nested lists, mappings as objects."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def _content(photo: str | Path) -> bytes:
    try:
        return Path(photo).read_bytes()
    except OSError as error:
        must, do = fault(error, f"the photo '{photo}'") or ("A photo must be a file", "Correct the path")
        raise QueryError(must, f"'{error.strerror}'", do) from error


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
