"""One program of the workplace: started, asked whether it answers, started again when it ends, and ended in order."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fieldwright.data.back_off import BackOff
from fieldwright.flows.workplace.overview import RUNNING

ASK_SECONDS = 5.0
STEADY_SECONDS = 60.0
"""One that ends after so long is started again at once."""
SILENT_SECONDS = 600.0
"""One that has answered, and then does not for so long, is ended and started again."""
STOP_SECONDS = 100.0
LOG_BYTES = 20_000_000


@dataclass(frozen=True)
class PartProgram:
    """What is started, and how it is asked.

    health: the address that answers once it works; empty where that it runs is all there is to know.
    """

    title: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    health: str = ""


class Service:
    """A program that is kept running. All of it but `ask` is called by one thread, to which its process is tied."""

    def __init__(self, program: PartProgram, folder: Path, name: str) -> None:
        self.program = program
        self.restarts = 0
        self._log = folder / "logs" / f"{name}.log"
        self._folder = folder
        self._process: subprocess.Popen | None = None
        self._start = 0.0
        self._answer = 0.0
        self._back_off = BackOff()
        self._end = ""

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self._log

    @property
    def running(self) -> bool:
        """Whether its process runs."""
        return self._process is not None

    @property
    def ready(self) -> bool:
        """Whether it runs and has answered lately."""
        if self._process is None:
            return False
        return not self.program.health or time.monotonic() - self._answer < 3 * ASK_SECONDS

    @property
    def state(self) -> str:
        """In a word or two."""
        if self._process is None:
            return self._end or "waiting"
        if self.ready:
            return RUNNING
        return "not answering" if self._answer else "starting"

    def look(self) -> None:
        """Starts it where it does not run, once the wait after a failure is over."""
        if self._process is None:
            if self._back_off.due("start"):
                self._begin()
            return
        self._keep_log_short()
        code = self._process.poll()
        if code is None:
            if self._answer and time.monotonic() - self._answer > SILENT_SECONDS:
                self.stop()
                self._end = f"ended: no answer for {SILENT_SECONDS:.0f} s"
                self.restarts += 1
            return
        if time.monotonic() - self._start > STEADY_SECONDS:
            self._back_off.succeeded()
        self._back_off.failed("start")
        self._process = None
        self.restarts += 1
        self._end = f"ended with {code}, starting again"

    def ask(self) -> None:
        """Asks whether it answers; by another thread, since it may take seconds."""
        process = self._process
        if process is None or not self.program.health:
            return
        with (
            contextlib.suppress(urllib.error.URLError, OSError, ValueError),
            urllib.request.urlopen(self.program.health, timeout=ASK_SECONDS),
        ):
            if process is self._process:
                self._answer = time.monotonic()

    def begin_to_stop(self) -> None:
        """Asks the process and all that it has started to end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Ends the process with all that it has started, by force where it takes too long."""
        process = self._process
        if process is None:
            return
        self.begin_to_stop()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process, self._end, self._answer = None, "stopped", 0.0

    def _begin(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            # Tied to this process, and all that it starts to it: nothing stays behind whichever way this one ends.
            *(sys.executable, "-m", "fieldwright.serving.hosting.parent_watch"),
            *(sys.executable, "-m", "fieldwright.flows.commands.foreground"),
            *self.program.command,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=os.environ | dict(self.program.environment),
                # Not the user's folder: some libraries write into the current one.
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C reaches this process alone, which then stops them in order.
                start_new_session=True,
            )
        self._start, self._answer, self._end = time.monotonic(), 0.0, ""

    def _keep_log_short(self) -> None:
        """The process appends, so that a file that was emptied grows from its beginning."""
        with contextlib.suppress(OSError):
            if self._log.stat().st_size > LOG_BYTES:
                shutil.copyfile(self._log, self._log.with_suffix(".log.1"))
                os.truncate(self._log, 0)
