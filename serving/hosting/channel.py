"""Messages between the supervisor and a worker, over a pair of sockets that have no name and no address."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import Any

import orjson


class Channel:
    """One end: JSON objects, one a line. Nobody but the two processes can reach it, and it needs no disk."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._end.setblocking(False)
        self._unfinished_line = b""
        self.closed = False

    @classmethod
    def pair(cls) -> tuple[Channel, socket.socket]:
        """One end for this process, and the socket of the other, to be inherited by a child."""
        ours, theirs = socket.socketpair()
        return cls(ours), theirs

    def fileno(self) -> int:
        return self._end.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Never waits: an end that does not listen any more, or does not read, loses the message."""
        with contextlib.suppress(OSError):
            self._end.sendall(orjson.dumps(message) + b"\n")

    def receive(self, seconds: float = 0.0) -> list[dict[str, Any]]:
        """What has arrived, after waiting so long for the first of it; sets `closed` when the other end is gone."""
        if self.closed or not select.select([self._end], [], [], seconds)[0]:
            return []
        try:
            while content := self._end.recv(65536):
                self._unfinished_line += content
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
        *lines, self._unfinished_line = self._unfinished_line.split(b"\n")
        return [orjson.loads(line) for line in lines]

    def close(self) -> None:
        self._end.close()
