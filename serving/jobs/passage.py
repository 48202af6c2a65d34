"""How a worker asks the one that keeps the jobs, over connections that have no name and no address.

One end of a pair of sockets is inherited by the worker that keeps the jobs, the other one by all others. Through it
a connection is handed over for each request: no other process of the machine can make one.
"""

from __future__ import annotations

import asyncio
import http.client
import socket

from starlette.requests import Request
from starlette.responses import Response

from fieldwright.serving.jobs.limits import FORWARD_SECONDS
from fieldwright.serving.observation.request import HEADER, current
from fieldwright.serving.refusal import OTHER_REASON, REASONS, Refused

SENT = ("accept", "content-type")
ANSWERED = ("content-type", "vary", "retry-after")


class JobPassage:
    """The end of a worker that keeps no jobs."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._end.setblocking(False)

    async def forwarded(self, request: Request, body: bytes = b"") -> Response:
        """The answer of the worker that keeps the jobs; raises Refused where it does not answer."""
        response = await asyncio.to_thread(self._ask, request, body)
        if response.status_code >= 400:
            current().reason = REASONS.get(response.status_code, OTHER_REASON)
        return response

    def _ask(self, request: Request, body: bytes) -> Response:
        ours, theirs = socket.socketpair()
        connection = http.client.HTTPConnection("jobs")
        connection.sock = ours
        ours.settimeout(FORWARD_SECONDS)
        headers = {name: request.headers[name] for name in SENT if name in request.headers}
        headers[HEADER.decode()] = current().request_id
        path = request.scope["raw_path"].decode()
        query = request.url.query
        try:
            with theirs:
                socket.send_fds(self._end, [b"."], [theirs.fileno()])
            connection.request(request.method, f"{path}?{query}" if query else path, body or None, headers)
            reply = connection.getresponse()
            content = reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise Refused(
                503,
                f"The worker that keeps the jobs must answer within {FORWARD_SECONDS:g} s",
                "no answer",
                "Send it again in a moment",
                {"Retry-After": "5"},
            ) from error
        finally:
            connection.close()
        forwarded_headers = {name: value for name in ANSWERED if (value := reply.getheader(name)) is not None}
        return Response(content, reply.status, forwarded_headers)


def handed_over(end: socket.socket) -> list[socket.socket]:
    """The connections that other workers have handed over by now, at the end of the worker that keeps the jobs."""
    connections = []
    while True:
        try:
            _, descriptors, _, _ = socket.recv_fds(end, 1, 1)
        except BlockingIOError:
            return connections
        connections += [socket.socket(fileno=descriptor) for descriptor in descriptors]
