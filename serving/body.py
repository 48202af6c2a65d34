"""The body of a request: read within limits, and decoded as strict JSON."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from starlette.requests import Request

from serving.limits import BODY_SECONDS, MAX_BODY_BYTES
from serving.refused import Refused
from serving.wording import quoted

JSON_TYPE = "application/json"


async def read_body(request: Request) -> bytes:
    """The whole body; raises Refused as soon as it is known to be too large, too slow or not called JSON."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != JSON_TYPE:
        raise Refused(
            415,
            f"The body must come as {JSON_TYPE}",
            f"the content type {quoted(content_type)}",
            f"Send the header 'Content-Type: {JSON_TYPE}'",
        )
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise Refused(
            415, "The body must not be compressed", f"the encoding {quoted(encoding)}", "Send it plain"
        )
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise _too_large(f"{length} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large("more")
    except TimeoutError as error:
        raise Refused(
            408,
            f"The body must arrive within {BODY_SECONDS:g} s",
            f"{len(body)} bytes of it",
            "Send it again, or in smaller parts",
        ) from error
    return bytes(body)


def decode(body: bytes) -> Any:
    """The JSON document; raises Refused, and names NaN and Infinity, which JSON does not have."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # The position counts characters; that of a broken encoding may lie behind the end.
        rest = body.decode("utf-8", "replace")[error.pos :]
        names = [name for name in ("NaN", "Infinity") if rest.startswith((name, f"-{name}"))]
        got = f"{names[0]}, which JSON does not have" if names else str(error)
        raise Refused(400, "The body must be valid JSON", got, "Correct it and send it again") from error


def _too_large(got: str) -> Refused:
    return Refused(
        413,
        f"The body must be at most {MAX_BODY_BYTES} bytes",
        got,
        "Send the queries in several requests",
    )
