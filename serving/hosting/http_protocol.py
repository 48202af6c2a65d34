"""HTTP connections of a worker: request headers must arrive within a time and a size."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEADER_SECONDS = 10.0
"""For the headers of one request. A client that never ends them would hold its connection for ever."""
MAX_HEADER_BYTES = 64 * 1024


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which waits for headers without end and takes any size of them.

    observe: called whenever a connection is made or lost.
    """

    observe: Callable[[], None] | None = None

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._header_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()
        if self.observe:
            self.observe()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        super().connection_lost(exc)
        if self.observe:
            self.observe()

    def on_headers_complete(self) -> None:
        self._end_wait()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            self._end_wait()
        elif self._header_timer is not None:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(
                    431, f"The headers of a request must be at most {MAX_HEADER_BYTES} bytes. Got more."
                )
        elif self.timeout_keep_alive_task is None and (self.cycle is None or self.cycle.response_complete):
            # The first bytes of a further request on the connection.
            self._await_headers()

    def send_400_response(self, msg: str) -> None:
        """In the form of all refusals."""
        self._refuse(400, f"A request must be valid HTTP. Got bytes that are not. ({msg.rstrip('.')}.)")

    def _await_headers(self) -> None:
        self._header_bytes = 0
        self._header_timer = self.loop.call_later(HEADER_SECONDS, self._too_slow)

    def _end_wait(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _too_slow(self) -> None:
        self._header_timer = None
        if not self.transport.is_closing():
            self._refuse(
                408, f"The headers of a request must arrive within {HEADER_SECONDS:g} s. Got a part of them."
            )

    def _refuse(self, status: int, sentence: str) -> None:
        self._end_wait()
        content = orjson.dumps({"error": sentence})
        headers = b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[status] + headers % len(content) + content)
        self.transport.close()
