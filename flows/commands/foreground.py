"""Another program as the work of this command: it ends with it, whichever way that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

END_SECONDS = 90.0
"""For running answers; what has not ended by then is killed."""
ENDED_AS_TOLD = (0, -signal.SIGTERM, -signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGINT)


def run_in_foreground(command: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Runs the program until it ends, or until SIGTERM or SIGINT, which it receives as SIGTERM.

    environment: variables that it gets beside this process's.

    Returns
    -------
    int
        0 where it ended on such a signal, else its exit status. None of its processes is left.
    """
    tie = [sys.executable, "-m", "fieldwright.serving.hosting.parent_watch"]
    # A session of its own: Ctrl-C reaches this process alone, and one signal reaches all that it starts.
    process = subprocess.Popen(
        [*tie, *command], env=os.environ | dict(environment or {}), start_new_session=True
    )
    signals: list[int] = []

    def stop(number: int, _: object) -> None:
        signals.append(number)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        deadline = None
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
            deadline = deadline or (time.monotonic() + END_SECONDS if signals else None)
            if deadline and time.monotonic() > deadline:
                break
        end_group(process)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    code = process.returncode
    if signals and code in ENDED_AS_TOLD:
        return 0
    return code if code >= 0 else 128 - code


def end_group(process: subprocess.Popen) -> None:
    """Ends what the program has left behind, by force where it takes longer."""
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                process.wait()
                return
            process.poll()
            time.sleep(0.1)
    process.wait()


if __name__ == "__main__":
    sys.exit(run_in_foreground(sys.argv[1:]))
