"""Every failure of the endpoint as {"error": "one clear sentence"} with the status that fits."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from uuid import uuid4

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from fieldwright.data.errors import FieldwrightError
from fieldwright.serving.families import FAMILY_ROUTES
from fieldwright.serving.refusal import Refused

Handler = Callable[[Request], Awaitable[Response]]
ANSWERED = ", ".join([*map(str, FAMILY_ROUTES), "GET /models"])
"""All that the endpoint can be asked, in words."""
logger = logging.getLogger("bentoml.fieldwright")


def guarded(handler: Handler) -> Handler:
    """The handler with its exceptions answered: a request can fail, the process does not."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except FieldwrightError as error:
            status, headers = (error.status, error.headers) if isinstance(error, Refused) else (422, {})
            return failure_response(status, str(error), headers)
        except ClientDisconnect:
            # Nobody is left to read it; the server only wants some answer.
            return failure_response(400, "The client went away before its request was complete.")
        except Exception:
            reference = uuid4().hex[:8]
            logger.exception("Request %s failed", reference)
            return failure_response(500, f"The endpoint failed; its log tells why under {reference}.")

    return answer


async def http_failure(request: Request, error: Exception) -> Response:
    """Starlette's handler for what the router itself refuses: unknown paths and wrong methods."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        sentence = f"There is no {path} here; this endpoint answers {ANSWERED}."
    elif error.status_code == 405:
        allowed = " or ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
        sentence = f"{path} must be asked with {allowed}. Got {request.method}."
    else:
        sentence = error.detail
    return failure_response(error.status_code, sentence, dict(error.headers or {}))


def failure_response(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """The one form of all refusals."""
    content = orjson.dumps({"error": sentence})
    return Response(content, status_code=status, headers=headers, media_type="application/json")
