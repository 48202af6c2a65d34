"""The forms in which an answer can be had, and which of them a client accepts."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from starlette.requests import Request
from starlette.responses import Response

from fieldwright.serving.phrases import quoted
from fieldwright.serving.refusal import Refused

JSON = "application/json"
NPZ = "application/x-npz"
LARGE = 4096
"""Values of an array from which on it is written piece by piece: orjson lets no other request pass during a call."""


@dataclass(frozen=True, eq=False)
class Reply:
    """One answer, not yet written.

    header: all that is no array, as plain JSON types. arrays: each by the keys that lead to it, all but the last of
    which are objects of the header.
    """

    header: dict[str, Any]
    arrays: Mapping[tuple[str, ...], np.ndarray]


def write_json(reply: Reply) -> bytes:
    """The header as a document, with the arrays in their places."""
    document = _copied(reply.header)
    for keys, array in reply.arrays.items():
        parent = document
        for key in keys[:-1]:
            parent = parent[key]
        parent[keys[-1]] = array if array.size < LARGE else _fragment(array)
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY, default=np.ascontiguousarray)


def write_npz(reply: Reply) -> bytes:
    """A compact NumPy archive: each array under its keys joined by "/", the header as JSON text in `about`."""
    arrays = {"/".join(keys): array for keys, array in reply.arrays.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, about=np.array(orjson.dumps(reply.header).decode()), **arrays)
    return buffer.getvalue()


WRITERS: dict[str, Callable[[Reply], bytes]] = {JSON: write_json, NPZ: write_npz}
"""Media type to writer, the one place where a form is registered; the first is the one without an `Accept`."""


def accepted_type(request: Request, offered: Sequence[str] = tuple(WRITERS)) -> str:
    """The offered media type that the header `Accept` likes best; raises Refused, with 406, where it takes none.

    Of types that it likes alike, the one that it names itself is taken, and then the one offered first.
    """
    header = ", ".join(request.headers.getlist("accept"))
    if header in ("", "*/*"):
        return offered[0]
    ranges = _ranges(header)
    best, liking = "", (0.0, 0)
    for media_type in offered:
        likings = [(_nearness(range_, media_type), quality) for range_, quality in ranges]
        near, quality = max(likings, default=(0, 0.0))
        if near and quality > 0.0 and (quality, near) > liking:
            best, liking = media_type, (quality, near)
    if not best:
        raise Refused(
            406,
            f"The header 'Accept' must allow {' or '.join(offered)}",
            quoted(header),
            "Correct the header, or leave it out",
        )
    return best


def form_response(content: bytes, media_type: str) -> Response:
    """An answer in the form that was chosen by `Accept`, on which it depends."""
    return Response(content, media_type=media_type, headers={"Vary": "Accept"})


def _ranges(header: str) -> list[tuple[str, float]]:
    """Each media range of the header with its quality; what is no number counts as 1."""
    ranges = []
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                try:
                    quality = min(1.0, max(0.0, float(value)))
                except ValueError:
                    quality = 1.0
        ranges.append((name, quality))
    return ranges


def _nearness(media_range: str, media_type: str) -> int:
    """3 where the range is the type itself, 2 for "type/*", 1 for "*/*", 0 where it leaves the type out."""
    if media_range == media_type:
        return 3
    if media_range == f"{media_type.partition('/')[0]}/*":
        return 2
    return 1 if media_range == "*/*" else 0


def _copied(header: dict[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, dict) else value for key, value in header.items()}


def _fragment(array: np.ndarray) -> orjson.Fragment:
    option = orjson.OPT_SERIALIZE_NUMPY
    rows = array if array.ndim > 1 else np.array_split(array, -(-array.size // LARGE))
    texts = [orjson.dumps(np.ascontiguousarray(row), option=option) for row in rows]
    return orjson.Fragment(b"[%b]" % b",".join(text if array.ndim > 1 else text[1:-1] for text in texts))
