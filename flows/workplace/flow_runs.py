"""Runs in Prefect that need somebody: ticks that were missed, and runs whose process is gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from fieldwright.flows.workplace.deployments import POOL, REGISTERED

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, State

MOST_STARTS = 3
"""A run that has been started so often and was never ended in order is not started again."""
FIRST_SECONDS = 20.0
"""Before a run is started again; twice as long each time."""
SUBMITTED_SECONDS = 180.0
"""A run that a worker has taken has a process by then."""
RUNNING_SECONDS = 10.0
"""The process of a run that begins is known by then."""
OLD_DAYS = 7.0
"""A run that was cut off longer ago is left as it is."""
COLLISION = "Deployment concurrency limit"
"""How Prefect begins to say that another run of the deployment goes on."""
MISSED_SECONDS = 30.0


def skip_missed(client: SyncPrefectClient, say: Callable[[str], object]) -> None:
    """Cancels scheduled runs whose time went by while there was no worker: the next one is at the next tick.

    Called before the worker starts, which would run all of them one after the other.
    """
    from prefect.client.schemas.objects import StateType
    from prefect.states import Cancelled

    now = datetime.now(UTC)
    for run in _runs(client, StateType.SCHEDULED):
        planned = run.expected_start_time
        if not run.auto_scheduled or run.run_count or planned is None:
            continue
        if planned < now - timedelta(seconds=MISSED_SECONDS):
            message = "Skipped: the workplace was down at this time."
            client.set_flow_run_state(run.id, Cancelled(name="Skipped", message=message), force=True)
            say(f"'{_study(run)}': the run of {planned:%Y-%m-%d %H:%M} UTC was missed and is skipped")


def start_again(client: SyncPrefectClient, say: Callable[[str], object], no_worker: bool) -> None:
    """Has runs that were cut off begin anew, and gives free what they held.

    A run that was killed, with its worker or its server, cannot say so itself: Prefect would show it as running for
    ever, and no other run of its study would begin.

    Parameters
    ----------
    client
        Of the server.
    say
        Takes a sentence on each.
    no_worker
        Whether no worker is there that may be about to start one.
    """
    from prefect.client.schemas.objects import StateType
    from prefect.states import Cancelled, Crashed

    for run in _runs(client, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING):
        if _has_process(run) or not (no_worker or _is_overdue(run)):
            continue
        if run.state_type == StateType.CANCELLING:
            client.set_flow_run_state(run.id, Cancelled(message="Its process has ended."), force=True)
            continue
        client.set_flow_run_state(run.id, Crashed(message="Its process has ended."), force=True)
    since = datetime.now(UTC) - timedelta(days=OLD_DAYS)
    for run in _runs(client, StateType.CRASHED, since=since):
        _schedule_again(client, run, say)
    for run in _runs(client, StateType.CANCELLED, since=since):
        # Its place was taken by another run when it was to begin anew. A tick that was passed over had never begun.
        if run.run_count and run.state and (run.state.message or "").startswith(COLLISION):
            _schedule_again(client, run, say)


def _schedule_again(client: SyncPrefectClient, run: FlowRun, say: Callable[[str], object]) -> None:
    from prefect.states import AwaitingRetry

    if run.run_count >= MOST_STARTS or run.deployment_id is None or not _is_needed(client, run):
        return
    delay = FIRST_SECONDS * 2.0 ** max(run.run_count - 1, 0)
    state: State[Any] = AwaitingRetry(
        scheduled_time=datetime.now(UTC) + timedelta(seconds=delay),
        message=f"It was cut off; start {run.run_count + 1} of at most {MOST_STARTS}.",
    )
    client.set_flow_run_state(run.id, state)
    say(f"'{_study(run)}': the run '{run.name}' was cut off and begins anew in {delay:.0f} s")


def _runs(client: SyncPrefectClient, *types: Any, since: datetime | None = None) -> list[FlowRun]:
    """Those of the pool in one of the states; of those that were started since then, where it is given."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
        WorkPoolFilter,
        WorkPoolFilterName,
    )

    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))),
            start_time=None if since is None else FlowRunFilterStartTime(after_=since),  # type: ignore[arg-type]
        ),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        limit=200,
    )


def latest_runs(client: SyncPrefectClient, deployment: UUID, n: int) -> list[FlowRun]:
    """The runs of a deployment that began last, the last one first.

    A tick that was passed over is none: Prefect gives it a time of start too.
    """
    from prefect.client.schemas.filters import (
        DeploymentFilter,
        DeploymentFilterId,
        FlowRunFilter,
        FlowRunFilterStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    begun = [StateType.RUNNING, StateType.COMPLETED, StateType.FAILED, StateType.CRASHED]
    return client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment])),
        flow_run_filter=FlowRunFilter(
            start_time=FlowRunFilterStartTime(is_null_=False),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=begun)),
        ),
        sort=FlowRunSort.START_TIME_DESC,
        limit=n,
    )


def _is_needed(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Whether no later run of its study does the same."""
    start, deployment = run.start_time, run.deployment_id
    if start is None or deployment is None:
        return False
    return not any(
        one.parameters == run.parameters and one.id != run.id and one.start_time and one.start_time > start
        for one in latest_runs(client, deployment, 20)
    )


def _is_overdue(run: FlowRun) -> bool:
    """Whether it should have a process by now: one that a worker has just taken has none yet."""
    if run.state is None or run.state.timestamp is None:
        return True
    begun = max(run.state.timestamp, run.expected_start_time or run.state.timestamp)
    # One that begins anew still has the number of its first process while it waits for the second.
    return time.time() - begun.timestamp() > (
        RUNNING_SECONDS if run.state.is_running() else SUBMITTED_SECONDS
    )


def _has_process(run: FlowRun) -> bool:
    """Whether the process that the worker has started for it runs on this machine, not another of its number."""
    number = (run.infrastructure_pid or "").rpartition(":")[2]
    if not number.isdigit():
        return False
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        environment = Path(f"/proc/{number}/environ").read_bytes()
    except OSError:
        return _is_process(int(number)) if not Path("/proc/self").exists() else False
    return state != "Z" and f"PREFECT__FLOW_RUN_ID={run.id}".encode() in environment


def _is_process(number: int) -> bool:
    """Where there is no /proc to look into."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _study(run: FlowRun) -> str:
    return next(
        (tag for tag in run.tags if tag not in ("fieldwright", REGISTERED, "drift", "auto-scheduled")),
        run.name,
    )
