"""One pipeline of a study at a time, on this machine and in one home."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from fieldwright.data.environment import home

SECONDS = 0.5
"""Between two looks whether the other one has ended."""


@contextmanager
def study_is_idle(name: str) -> Iterator[bool]:
    """Whether no pipeline of the study runs; where so, none begins before the block has ended."""
    with _lock_file(name) as file:
        yield _locked(file.fileno())


@contextmanager
def study_lock(name: str, say: Callable[[str], object]) -> Iterator[None]:
    """Waits until no other pipeline of the study runs, and says so.

    It is the kernel's lock: it goes with the process, however that ends.
    """
    with _lock_file(name) as file:
        waiting = False
        while not _locked(file.fileno()):
            if not waiting:
                say(f"Another run of '{name}' is under way; this one waits until it has ended")
            waiting = True
            time.sleep(SECONDS)
        yield


def _lock_file(name: str) -> TextIO:
    place = home() / "locks" / f"{name}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.open("a")


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
