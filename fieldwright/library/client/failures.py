"""What an endpoint refuses, as errors with its own sentence."""

from __future__ import annotations

import httpx

from fieldwright.data.errors import FieldwrightError


class EndpointError(FieldwrightError):
    """The endpoint did not answer the question; the text is its own sentence where it gave one.

    Parameters
    ----------
    sentence
        What must hold, what was found, what to do.
    status
        The HTTP status; 0 where no answer came.
    request_id
        By which the log of the endpoint knows the request; empty where none is known.
    """

    def __init__(self, sentence: str, status: int = 0, request_id: str = "") -> None:
        super().__init__(sentence, "", "")
        self.args = (sentence, status, request_id)
        self.status, self.request_id = status, request_id

    def __str__(self) -> str:
        return self.must


class QuestionRefused(EndpointError):
    """The question does not fit the model, or no such model or route is served."""


class AccessRefused(EndpointError):
    """The endpoint asks for an API key that allows the question."""


class EndpointUnavailable(EndpointError):
    """The endpoint could not be reached, or is too busy, also after waiting; ask again later."""


class EndpointDefect(EndpointError):
    """The endpoint failed; its log tells more under the id of the request."""


def error_of(reply: httpx.Response) -> EndpointError:
    """The error that a reply that is no success stands for."""
    try:
        document = reply.json()
        sentence, request_id = str(document["error"]), str(document.get("request_id", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        request_id = ""
        sentence = (
            f"A Fieldwright endpoint must answer at {reply.request.url}. Got status {reply.status_code} without a "
            "reason. Correct the URL."
        )
    status = reply.status_code
    if status in (401, 403):
        kind: type[EndpointError] = AccessRefused
    elif status in (429, 502, 503, 504):
        kind = EndpointUnavailable
    else:
        kind = EndpointDefect if status >= 500 else QuestionRefused
    return kind(sentence, status, request_id)


def unreachable(url: httpx.URL, error: httpx.TransportError) -> EndpointUnavailable:
    """The error of a question that got no reply."""
    late = isinstance(error, httpx.TimeoutException)
    got = "no answer in time" if late else f"'{error}'" if str(error) else type(error).__name__
    do = "Ask for less at once, or raise 'timeout'" if late else "Start it, or correct the URL"
    return EndpointUnavailable(f"An endpoint must answer at {url}. Got {got}. {do}.")
