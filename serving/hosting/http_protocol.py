"""HTTP connections of a worker: request headers must arrive within a time and a size."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from fieldwright.serving.failures import failure_document
from fieldwright.serving.limits import STALLED_SECONDS
from fieldwright.serving.observation.request import Observation

HEADER_SECONDS = 10.0
"""For the headers of one request. A client that never ends them would hold its connection for ever."""
MAX_HEADER_BYTES = 64 * 1024


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which waits for headers without end and takes any size of them.

    observe: called whenever a connection is made or lost. count_refusal: called with the status of each request that
    is refused before it is read. stalled_seconds: after which a client that reads nothing of its answer is cut off.
    """

    observe: Callable[[], None] | None = None
    count_refusal: Callable[[int], None] | None = None
    stalled_seconds: float = STALLED_SECONDS

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._header_timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_headers()
        if self.observe:
            self.observe()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_wait()
        self._end_stall()
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

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_reading()

    def resume_writing(self) -> None:
        self._end_stall()
        super().resume_writing()

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

    def _await_reading(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._stall_timer = self.loop.call_later(self.stalled_seconds, self._check_reading, unread)

    def _check_reading(self, unread: int) -> None:
        self._stall_timer = None
        if self.transport.get_write_buffer_size() < unread:
            self._await_reading()
        else:
            self.transport.abort()

    def _end_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _refuse(self, status: int, sentence: str) -> None:
        self._end_wait()
        request_id = Observation().request_id
        content = failure_document(sentence, request_id)
        headers = (
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n"
            f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(STATUS_LINE[status] + headers.encode() + content)
        if self.count_refusal:
            self.count_refusal(status)
        self.transport.close()
