"""The body of a request: read within limits, and decoded as strict JSON."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request

from fieldwright.data.errors import QueryError
from fieldwright.serving.limits import BODY_SECONDS, MAX_BODY_BYTES
from fieldwright.serving.phrases import quoted
from fieldwright.serving.refusal import Refused

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Accepted:
    """Bodies that a route takes: of which media types, of how many bytes, within how many seconds."""

    types: tuple[str, ...]
    most: int
    seconds: float


JSON_BODY = Accepted((JSON_TYPE,), MAX_BODY_BYTES, BODY_SECONDS)


async def read_body(request: Request, accepted: Accepted | None = None) -> bytes:
    """The whole body, JSON if not said; raises Refused as soon as it is too large, too slow or of another type."""
    accepted = accepted or JSON_BODY
    if media_type(request) not in accepted.types:
        raise Refused(
            415,
            f"The body must come as {' or '.join(accepted.types)}",
            f"the content type {quoted(request.headers.get('content-type', ''))}",
            f"Send the header 'Content-Type: {accepted.types[0]}'",
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Refused(
            415, "The body must not be compressed", f"the encoding {quoted(encoding)}", "Send it plain"
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > accepted.most:
        raise _too_large(accepted, f"{length} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(accepted.seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > accepted.most:
                    raise _too_large(accepted, "more")
    except TimeoutError as error:
        raise Refused(
            408,
            f"The body must arrive within {accepted.seconds:g} s",
            f"{len(body)} bytes of it",
            "Send it again, or in smaller parts",
        ) from error
    return bytes(body)


def refuse_options(request: Request) -> None:
    """Raises QueryError for anything behind "?" in the address, for a route that has no options there."""
    if request.url.query:
        raise QueryError(
            f"{request.url.path} has no options behind '?'",
            quoted(request.url.query),
            "Leave them out, or see GET /docs.json for what it takes",
        )


def media_type(request: Request) -> str:
    """The media type of the body, without its parameters; empty where the client does not tell it."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def decode(body: bytes) -> Any:
    """The JSON document; raises Refused, and names a key that stands twice, NaN and Infinity."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # The position counts characters; that of a broken encoding may lie behind the end.
        remainder = body.decode("utf-8", "replace")[error.pos :]
        names = [name for name in ("NaN", "Infinity") if remainder.startswith((name, f"-{name}"))]
        got = f"{names[0]}, which JSON does not have" if names else str(error)
        raise Refused(400, "The body must be valid JSON", got, "Correct it and send it again") from error
    # orjson keeps the last of equal keys. Each key brings a colon, so that none is missing from a document without
    # escapes that, written anew, has as many as the body.
    if b"\\u" in body or body.count(b":") != orjson.dumps(document).count(b":"):
        json.loads(body, object_pairs_hook=_without_repeats)
    return document


def _without_repeats(pairs: list[tuple[str, Any]]) -> None:
    keys: set[str] = set()
    for key, _ in pairs:
        if key in keys:
            raise Refused(
                400, "The keys of an object must differ", f"{quoted(key)} twice", "Send each of them once"
            )
        keys.add(key)


def _too_large(accepted: Accepted, got: str) -> Refused:
    return Refused(413, f"The body must be at most {accepted.most} bytes", got, "Send it in several requests")
