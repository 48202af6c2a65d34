"""Pieces of work for clusters: importable where the workers run, since that is how functions are sent."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.computing.shared_array import SharedArray, array_of
from fieldwright.data.errors import ReadError
from fieldwright.data.ingest.preparation import Task
from fieldwright.data.store.catalogue import RunRecord


def total(array: np.ndarray | SharedArray, factor: float) -> tuple[float, int]:
    """The sum, and the process that formed it."""
    return float((array_of(array) * factor).sum()), os.getpid()


def refuse(number: int) -> int:
    """A user's mistake in one of the pieces."""
    if number == 3:
        raise ReadError("A number must not be 3", "3", "Take another")
    return number


def marked(folder: Path, number: int, seconds: float) -> int:
    """Leaves a mark of its start, and takes its time."""
    (folder / f"{number}.{os.getpid()}").touch()
    time.sleep(seconds)
    return number


def held(folder: Path, number: int) -> int:
    """Leaves a mark of its start; all but the piece 0 then stay in hand until the file `go` exists."""
    (folder / f"{number}.{os.getpid()}").touch()
    end = time.monotonic() + 120.0
    while number > 0 and not (folder / "go").exists() and time.monotonic() < end:
        time.sleep(0.02)
    return number


def deadly(number: int, folder: Path) -> int:
    """The piece 2 kills whoever does it, like a run that does not fit into memory."""
    if number == 2:
        (folder / f"killed.{os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def deadly_once(number: int, folder: Path) -> int:
    """The first that is begun kills its worker, and leaves a mark."""
    mark = folder / "killed"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def grown(kept: np.ndarray, number: int) -> np.ndarray:
    """Takes what is kept on the cluster."""
    return kept + number


@dataclass(frozen=True)
class DeadlyTask(Task):
    """A run that kills every worker that begins to read it.

    client: the process that hands it out.
    """

    client: int = 0

    def draft(self) -> RunRecord:
        """As of any other run, in the client."""
        if os.getpid() != self.client:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().draft()
