"""Ties a process to its parent, so that none stays behind whichever way the parent ends.

`python -m fieldwright.serving.hosting.parent_watch PROGRAM ARGUMENTS...` becomes that program, tied to the process
that started it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(by: signal.Signals) -> None:
    """Has the kernel send the signal to this process when its parent ends; Linux only, elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(by))


if __name__ == "__main__":
    # The tie outlives exec. The program stops its own children when it is asked to end in the usual way.
    die_with_parent(signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])
