"""The worker's end of the process that computes jobs."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

from fieldwright.serving.hosting.worker_settings import VARIABLE
from fieldwright.serving.jobs.messages import LONGEST_LINE, JobMessage, receive_message, send_message


class Computation:
    """Starts the process when it is first needed, and again after it was ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._ends = 0
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def answer(self, question: JobMessage, progress: Callable[[int, int], None]) -> JobMessage | str:
        """The answer to a question, or why the process has ended without one."""
        if self._process is None or self._process.poll() is not None:
            ends = self._ends
            await self._start()
            if ends != self._ends:
                self.end()
        process = self._process
        if process is None:
            return "its end"
        try:
            await send_message(self._writer, question)
            while (frame := await receive_message(self._reader)) is not None:
                if "done" not in frame.header:
                    return frame
                progress(frame.header["done"], frame.header["total"])
        except ConnectionError:
            pass
        # It has closed its end of the connection: it ends, or was ended.
        code = await asyncio.to_thread(process.wait)
        self.end()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"

    def end(self) -> None:
        """Ends the process, in the midst of a computation too, and so frees its memory."""
        self._ends += 1
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._writer.close()

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=ours, limit=LONGEST_LINE)
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "fieldwright.serving.jobs.job_process", str(theirs.fileno())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=sys.stderr,
                pass_fds=(theirs.fileno(),),
            )
        self._reader, self._writer = reader, writer
