"""The same tasks in this process or on a dask.distributed cluster, their results always in the same order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.reductions import Matrix

PATIENCE = 10.0
"""Seconds in which a scheduler must answer."""


def in_order(task: Callable, arguments: Iterable[tuple], scheduler: str | None) -> Iterator[Any]:
    """task(*arguments) for each of them, in their order, so that sums do not depend on the workers.

    scheduler: address such as "tcp://10.0.0.1:8786", None to work here. At most two results for each thread of
    the cluster wait at a time, which bounds the memory of this process. Raises ModelError.
    """
    if scheduler is None:
        for each in arguments:
            yield task(*each)
        return
    from distributed import Client

    try:
        client = Client(scheduler, set_as_default=False, timeout=PATIENCE)
    except (OSError, ValueError) as error:
        raise ModelError(
            "The Dask scheduler must answer at its address",
            f"'{scheduler}' ({error})",
            "Start it ('dask scheduler', 'dask worker ADDRESS'), or correct the address",
        ) from error
    with client:
        threads: Any = client.nthreads()
        ahead = 2 * max(1, sum(threads.values()))
        waiting: deque[Any] = deque()
        for each in arguments:
            waiting.append(client.submit(task, *each, pure=False))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def check_reachable(source: Matrix, scheduler: str | None) -> None:
    """Raises ModelError where workers of a cluster could not open the snapshots themselves."""
    if scheduler is not None and not (hasattr(source, "store") or hasattr(source, "path")):
        raise ModelError(
            "Snapshots must lie on a disk that every worker can read, to be reduced on a cluster",
            type(source).__name__,
            "Freeze the snapshot matrix to a shared folder first, or leave the scheduler out",
        )
