"""How steps of a pipeline are Prefect tasks."""

from __future__ import annotations

from functools import partial
from typing import TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.utilities.annotations import quote
from threadpoolctl import threadpool_limits

T = TypeVar("T")

# Results pass from task to task in memory and are hashed for no cache: they are arrays, and large.
pipeline_task = partial(task, cache_policy=NO_CACHE, persist_result=False)

# A few hundred runs, photos or points make small matrices: threads then wait for each other longer than they compute
# (seven times slower in all on two busy cores), and their number would change the last digits.
one_thread = partial(threadpool_limits, 1)


def opaque(value: T) -> T:
    """The value as one argument: Prefect would otherwise walk through it in search of futures."""
    return cast(T, quote(value))
