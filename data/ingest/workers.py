"""Many runs at a time, wherever an executor has them read, the outcomes in the order of the runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from fieldwright.data.computing.executor import Executor
from fieldwright.data.ingest.preparation import Task, prepare
from fieldwright.data.store.catalogue import RunRecord


def outcomes(executor: Executor, steps: Iterable[Task | RunRecord]) -> Iterator[RunRecord]:
    """The record of each step in order: tasks are prepared by the executor, records stand as they are.

    A run that takes its workers with it is rejected; what a lost worker had in hand otherwise is read by another.
    Raises StoreError where the store cannot be written, ComputeError where there are no workers.
    """
    waiting: deque[RunRecord | None] = deque()

    def tasks() -> Iterator[tuple[Task]]:
        for step in steps:
            waiting.append(None if isinstance(step, Task) else step)
            if isinstance(step, Task):
                yield (step,)

    for record in executor.in_order(prepare, tasks(), lost=_deadly):
        while (before := waiting.popleft()) is not None:
            yield before
        yield record
    yield from (record for record in waiting if record is not None)


def _deadly(task: Task, error: Exception) -> RunRecord:
    return replace(
        task.draft(),
        reason="unreadable",
        settings="",
        sentence=f"The worker that read run '{task.source.name}' must survive it. "
        f"Got a worker that died ({error}). Give the workers more memory, or leave the run out.",
    )
