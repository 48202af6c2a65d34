"""How steps of a pipeline are Prefect tasks, and what is tried again where a worker runs them."""

from __future__ import annotations

import os
from functools import partial
from typing import Any, TypeVar, cast

from prefect import State, task
from prefect.cache_policies import NO_CACHE
from prefect.utilities.annotations import quote
from threadpoolctl import threadpool_limits

from fieldwright.data.errors import StudyError
from fieldwright.flows.passing_errors import is_passing

T = TypeVar("T")

RETRY_SECONDS = [10.0, 60.0, 300.0]
"""Before a task is tried again, where what has failed can pass."""


def of_worker() -> bool:
    """Whether a worker of Prefect has started this process: nobody waits at a terminal then."""
    return "PREFECT__FLOW_RUN_ID" in os.environ


def require_home() -> None:
    """Raises StudyError where a worker has started this process and its data would be lost with its folder."""
    if of_worker() and not os.environ.get("FIELDWRIGHT_HOME"):
        raise StudyError(
            "A run that a worker of Prefect starts must know the folder of all working data",
            "no $FIELDWRIGHT_HOME",
            "Set it for the worker, or in the deployment's job variables: env = {FIELDWRIGHT_HOME: /folder}",
        )


def _can_pass(_: object, __: object, state: State[Any]) -> bool:
    """Whether it is worth trying again: a server or a disk was away. A mistake of the user's stays one."""
    error = state.data if isinstance(state.data, BaseException) else None
    return of_worker() and is_passing(error)


# Results pass from task to task in memory and are hashed for no cache: they are arrays, and large.
pipeline_task = partial(
    task,
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=_can_pass,
)

# A few hundred runs, photos or points make small matrices: threads then wait for each other longer than they compute
# (seven times slower in all on two busy cores), and their number would change the last digits.
one_thread = partial(threadpool_limits, 1)


def opaque(value: T) -> T:
    """The value as one argument: Prefect would otherwise walk through it in search of futures."""
    return cast(T, quote(value))
