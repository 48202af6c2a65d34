"""Many runs at a time on Dask workers, a few of them in memory, the outcomes in the order of the runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fieldwright.data.errors import StoreError
from fieldwright.data.ingest.preparation import Task, prepare
from fieldwright.data.store.catalogue import RunRecord

if TYPE_CHECKING:
    from distributed import Client, Future


@dataclass(frozen=True)
class Workers:
    """Where runs are read: worker processes of this machine, or those of a Dask scheduler.

    count: local worker processes. scheduler: address such as "tcp://host:8786"; its workers must see the runs
    and the store under the same paths. Each worker thread holds one run at a time.
    """

    count: int = 2
    scheduler: str | None = None

    def outcomes(self, steps: Iterable[Task | RunRecord]) -> Iterator[RunRecord]:
        """The record of each step in order; tasks are prepared by the workers, two per thread in flight.

        Workers start when the first task comes. Raises StoreError where the store cannot be written or the
        scheduler cannot be reached.
        """
        in_flight: deque[Future | RunRecord] = deque()
        tasks: deque[Task] = deque()
        with ExitStack() as stack:
            client, room = None, 1
            for step in steps:
                if isinstance(step, Task):
                    if client is None:
                        client = stack.enter_context(self._client())
                        room = 2 * _threads(client)
                    tasks.append(step)
                    in_flight.append(client.submit(prepare, step, pure=False))
                else:
                    in_flight.append(step)
                while len(in_flight) >= room:
                    yield _outcome(in_flight.popleft(), tasks)
            while in_flight:
                yield _outcome(in_flight.popleft(), tasks)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        from dask import config
        from distributed import Client, LocalCluster

        with ExitStack() as stack:
            # A run that kills its worker (out of memory, a crash in a library) is not tried on all the others.
            stack.enter_context(config.set({"distributed.scheduler.allowed-failures": 0}))
            where = self.scheduler or stack.enter_context(
                LocalCluster(n_workers=self.count, threads_per_worker=1, dashboard_address="", memory_limit=0)
            )
            try:
                client = stack.enter_context(Client(where))
            except OSError as error:
                raise StoreError(
                    "The workers that read runs must be reachable",
                    f"{type(error).__name__}: {error}",
                    "Correct the address of the Dask scheduler, or leave it out to read runs on this machine",
                ) from error
            yield client


def _threads(client: Client) -> int:
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return max(1, sum(worker["nthreads"] for worker in workers))


def _outcome(step: Future | RunRecord, tasks: deque[Task]) -> RunRecord:
    if isinstance(step, RunRecord):
        return step
    from distributed import CancelledError, KilledWorker

    task = tasks.popleft()
    try:
        return step.result()
    except (KilledWorker, CancelledError) as error:
        return replace(
            task.draft(),
            reason="unreadable",
            settings="",
            sentence=f"The worker that read run '{task.source.name}' must survive it. "
            f"Got a worker that died ({error}). Give the workers more memory, or leave the run out.",
        )
