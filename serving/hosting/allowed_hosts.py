"""Whom a request means to reach: names that are not the endpoint's are refused.

A page on a foreign site may have its own name point to this machine and then ask the endpoint as if it were that site
(DNS rebinding). The name that it was called by stands in the request, and gives it away.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from fieldwright.serving.failures import failure_response
from fieldwright.serving.phrases import quoted
from fieldwright.serving.refusal import FOREIGN_PAGE

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANY_ADDRESS = "any address"
"""Stands for every IP address, which is what an endpoint has that listens on all of them: no foreign site can make an
address its name."""


def names_of(host: str, further: Sequence[str] = ()) -> tuple[str, ...]:
    """The names by which an endpoint that listens on an IP address may be called."""
    bound_address = ANY_ADDRESS if ipaddress.ip_address(host).is_unspecified else host
    return tuple(dict.fromkeys([*LOOPBACK, bound_address, *(name.strip().lower() for name in further)]))


class AllowedHosts:
    """Refuses requests for other names, and those that a page of another site sends."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self._app = app
        self._names = frozenset(names)
        self._all = "*" in self._names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._all or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._allows(f"//{host}"):
            sentence = (
                f"The endpoint must be called by a name that is its own. Got the host {quoted(host)}. "
                "Use its address, or start it with --allowed-hosts and that name."
            )
            await failure_response(421, sentence)(scope, receive, send)
        elif origin is not None and not self._allows(origin):
            sentence = (
                f"A request must not come from a page of another site. Got the origin {quoted(origin)}. "
                "Ask from a program, or start the endpoint with --allowed-hosts and the name of that site."
            )
            await failure_response(403, sentence, reason=FOREIGN_PAGE)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _allows(self, url: str) -> bool:
        try:
            name = urlsplit(url).hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return ANY_ADDRESS in self._names
