"""Work handed out to dask.distributed: to processes of this machine, or to the workers of a scheduler."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.data.computing.connection import START_SECONDS, WorkersAddress, connect
from fieldwright.data.computing.executor import Executor, Lost
from fieldwright.data.computing.shared_array import SharedArray
from fieldwright.data.computing.worker_check import Installation, check_worker
from fieldwright.data.disk import disk_of
from fieldwright.data.environment import set_offline_defaults
from fieldwright.data.errors import ComputeError
from fieldwright.data.store.incoming import IncomingFolder

if TYPE_CHECKING:
    from distributed import Client, Future

LOOK_SECONDS = 2.0
"""Between two looks at how many workers there are."""
LONELY_SECONDS = 60.0
"""Time for a scheduler of others to find a worker again."""
AHEAD = 2
"""Pieces per worker thread that are handed out before the first of them is waited for."""


@dataclass(frozen=True, eq=False)
class _Piece:
    task: Callable[..., Any]
    arguments: tuple
    future: Future


class Cluster(Executor):
    """Workers of dask.distributed; they are started, or connected to, when the first piece of work comes.

    What a lost worker had in hand is done again by another. A piece that takes its workers with it is tried once more
    by itself, so that its neighbours are not blamed for it. Leaving the context cancels what is still handed out.

    Parameters
    ----------
    address
        Of the scheduler, or how many processes of this machine to start.
    folder
        Where shared arrays are written; workers must see it under the same path.
    seen
        Further folders that workers must see, such as that of the runs.
    lonely_seconds
        So long without any worker ends the work.
    """

    def __init__(
        self,
        address: WorkersAddress,
        folder: Path,
        seen: Sequence[Path] = (),
        lonely_seconds: float = LONELY_SECONDS,
    ) -> None:
        self._lonely_seconds = lonely_seconds
        self.address, self.folder, self._seen = address, folder, tuple(seen)
        self._stack, self._lock = ExitStack(), threading.RLock()
        self._connected: Client | None = None
        self._handed_out: set[Future] = set()
        self._shared: list[tuple[np.ndarray, SharedArray]] = []
        self._place = folder
        self._threads, self._looked = 1, -LOOK_SECONDS

    def close(self) -> None:
        """What is running in a thread of a worker comes to its end there; its result is dropped."""
        with self._lock:
            self._cancel(self._handed_out)
            self._shared.clear()
            self._connected = None
            self._stack.close()

    @property
    def elsewhere(self) -> bool:
        """Always."""
        return True

    def in_order(
        self, task: Callable[..., Any], arguments: Iterable[tuple], lost: Lost | None = None
    ) -> Iterator[Any]:
        """Two pieces for each thread of the cluster are under way, or wait to be taken, at a time."""
        pieces: deque[_Piece] = deque()
        try:
            for each in arguments:
                pieces.append(_Piece(task, each, self._submit(task, each)))
                while len(pieces) >= AHEAD * max(1, self._number_of_threads()):
                    yield self._result(pieces, lost)
            while pieces:
                yield self._result(pieces, lost)
        finally:
            # An error, Ctrl-C, or a reader that has enough: nothing stays behind on the cluster.
            self._cancel({piece.future for piece in pieces})

    def keep(self, task: Callable[..., Any], *arguments: Any) -> Future:
        """A future; a result that is lost with its worker is computed again."""
        return self._submit(task, arguments)

    def drop(self, results: Iterable[Future]) -> None:
        """Cancels and forgets them."""
        self._cancel(set(results))

    def share(self, array: np.ndarray) -> SharedArray:
        """The array in a file of the folder, written once however often it is shared; raises StoreError."""
        with self._lock:
            for original, shared in self._shared:
                if _same_memory(original, array):
                    return SharedArray(shared.path, array.shape)
            self._client()
            with disk_of(self.folder):
                shared = SharedArray.write(array, self._place / f"{uuid.uuid4().hex}.npy")
            # Held for as long as its file: another array could come to lie in its memory.
            self._shared.append((array, shared))
            return shared

    def _client(self) -> Client:
        with self._lock:
            if self._connected is None:
                with disk_of(self.folder):
                    self._place = self._stack.enter_context(IncomingFolder(self.folder))
                self._connected = self._stack.enter_context(connect(self.address, self._paths))
            return self._connected

    @property
    def _paths(self) -> tuple[Path, ...]:
        # A folder of its own name proves that it is the same disk; a path alone may lead to another on each machine.
        return (self._place, *self._seen)

    def _submit(self, task: Callable[..., Any], arguments: tuple) -> Future:
        client = self._client()
        future = client.submit(on_worker, Installation.here(), self._paths, task, *arguments, pure=False)
        with self._lock:
            self._handed_out.add(future)
        return future

    def _result(self, pieces: deque[_Piece], lost: Lost | None) -> Any:
        from distributed import KilledWorker

        piece = pieces.popleft()
        try:
            return self._settled(piece.future)
        except KilledWorker:
            # Dask blames all that a dead worker had in hand.
            for other in pieces:
                with contextlib.suppress(Exception):
                    self._wait(other.future)
        try:
            return self._settled(self._submit(piece.task, piece.arguments))
        except KilledWorker as error:
            if lost is not None:
                return lost(*piece.arguments, error)
            raise ComputeError(
                "Workers must survive the work that they are given",
                f"workers that died of it time and again ({error})",
                "Give them more memory, or look at their logs",
            ) from error

    def _settled(self, future: Future) -> Any:
        try:
            return self._wait(future)
        finally:
            if future.done():
                self._handed_out.discard(future)
            else:
                self._cancel({future})

    def _wait(self, future: Future) -> Any:
        from distributed import CancelledError

        lonely_since = None
        # Those of this machine are started again by themselves, however long that takes on a busy one.
        patience = START_SECONDS if self.address.scheduler is None else self._lonely_seconds
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except CancelledError as error:
                raise ComputeError(
                    "The scheduler must stay until the work is done",
                    f"'{error}'",
                    "Start it and its workers again, then run again: what is stored already is whole",
                ) from error
            except TimeoutError:
                if future.done():
                    # An error of the work's own, which another waiting raises, or its result.
                    return future.result()
            if self._number_of_threads() > 0:
                lonely_since = None
            elif lonely_since is None:
                lonely_since = time.monotonic()
            elif time.monotonic() > lonely_since + patience:
                raise ComputeError(
                    "The cluster must have a worker",
                    f"none for {patience:g} s at '{self.address.scheduler or 'this machine'}'",
                    "Start some, then run again: what is stored already is whole",
                )

    def _number_of_threads(self) -> int:
        if time.monotonic() >= self._looked + LOOK_SECONDS:
            threads: Any = self._client().nthreads()
            self._threads, self._looked = sum(threads.values()), time.monotonic()
        return self._threads

    def _cancel(self, futures: set[Future]) -> None:
        if futures and self._connected is not None:
            # Where the scheduler is gone, so is the work.
            with contextlib.suppress(Exception):
                self._connected.cancel(list(futures), force=True)
        self._handed_out -= futures


_ONE_AT_A_TIME = threading.Lock()


def on_worker(
    installation: Installation, seen: tuple[Path, ...], task: Callable[..., Any], *arguments: Any
) -> Any:
    """One piece of work in a worker: by one thread, so that its numbers are those of any other machine."""
    from threadpoolctl import threadpool_limits

    # Seeds and limits are those of a process: a worker of several threads takes one piece at a time.
    with _ONE_AT_A_TIME:
        check_worker(installation, seen)
        set_offline_defaults()
        threadpool_limits(1)
        return task(*arguments)


def _same_memory(one: np.ndarray, other: np.ndarray) -> bool:
    return (
        one.__array_interface__["data"] == other.__array_interface__["data"]
        and (one.dtype, one.nbytes) == (other.dtype, other.nbytes)
        and one.flags.c_contiguous
        and other.flags.c_contiguous
    )
