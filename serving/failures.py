"""Every failure of the endpoint as {"error": "one clear sentence", "request_id": ...}, with the status that fits."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from fieldwright.data.errors import FieldwrightError
from fieldwright.serving.families import FAMILY_ROUTES
from fieldwright.serving.observation.request import current
from fieldwright.serving.refusal import CLIENT_GONE, OTHER_REASON, REASONS, Refused

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
            if isinstance(error, Refused):
                return failure_response(error.status, str(error), error.headers, error.reason)
            return failure_response(422, str(error))
        except ClientDisconnect:
            # Nobody is left to read it; the server only wants some answer.
            sentence = "The client went away before its request was complete."
            return failure_response(400, sentence, reason=CLIENT_GONE)
        except Exception:
            request_id = current().request_id
            logger.exception("Request %s failed", request_id)
            return failure_response(500, f"The endpoint failed; its log tells why under {request_id}.")

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


def failure_response(
    status: int, sentence: str, headers: dict[str, str] | None = None, reason: str = ""
) -> Response:
    """The one form of all refusals; reason: one of ALL_REASONS, by the status if left out."""
    observation = current()
    observation.reason = reason or REASONS.get(status, OTHER_REASON)
    content = failure_document(sentence, observation.request_id)
    return Response(content, status_code=status, headers=headers, media_type="application/json")


def failure_document(sentence: str, request_id: str) -> bytes:
    """The body of all refusals."""
    return orjson.dumps({"error": sentence, "request_id": request_id})
