"""Studies as deployments of a Prefect work pool: by the server of the workplace, or by a user's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx

from fieldwright.data.environment import home
from fieldwright.data.errors import StudyError
from fieldwright.data.redaction import without_password
from fieldwright.flows.workplace.registered_studies import RegisteredStudy

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

POOL = "fieldwright"
FLOW = "fieldwright"
REGISTERED = "registered"
"""The tag of what `deploy` makes, in distinction from what a user has deployed into the pool."""
ENTRYPOINT = "fieldwright.flows.workflow.run_study"
DRIFT_FLOW = "fieldwright drift"
DRIFT_ENTRYPOINT = "fieldwright.flows.drift.scheduled.watch_for_drift"


@contextmanager
def prefect_client(api: str) -> Iterator[SyncPrefectClient]:
    """Speaks to the Prefect server at the address, whatever the user's profile; raises StudyError if none answers."""
    from prefect.client.orchestration import SyncPrefectClient

    try:
        with SyncPrefectClient(api) as client:
            yield client
    except httpx.TransportError as error:
        raise StudyError(
            "The Prefect server must answer",
            f"{without_password(api)}: {error or type(error).__name__}",
            "Check $PREFECT_API_URL and that its server is up",
        ) from error


def make_pool(client: SyncPrefectClient) -> None:
    """Makes the work pool, or sets right how its worker starts a run.

    A run is tied to its worker: where that is killed, none goes on that nobody looks after.
    """
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound
    from prefect.workers.process import ProcessWorker

    template = ProcessWorker.get_default_base_job_template()
    tie = f"{sys.executable} -m fieldwright.serving.hosting.parent_watch {sys.executable} -m prefect.engine"
    template["variables"]["properties"]["command"]["default"] = tie
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
    else:
        client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))


def deploy(client: SyncPrefectClient, study: RegisteredStudy) -> None:
    """Makes the study's deployments what its record says; the runs that were planned before go."""
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
    from prefect.client.schemas.schedules import CronSchedule

    cron = CronSchedule(cron=study.cron, timezone=study.timezone) if study.cron else None
    client.create_deployment(
        flow_id=client.create_flow_from_name(FLOW),
        name=study.name,
        description=f"Runs the study {study.path}.",
        entrypoint=ENTRYPOINT,
        work_pool_name=POOL,
        schedules=[DeploymentScheduleCreate(schedule=cron, active=True)] if cron else [],
        # A tick during a run is passed over. With one waiting, runs slower than their interval would pile up.
        concurrency_limit=1,
        concurrency_options=ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        parameters={"study_path": study.path},
        parameter_openapi_schema=_parameters(),
        enforce_parameter_schema=True,
        tags=["fieldwright", REGISTERED, study.name],
        job_variables=_job_variables(),
    )
    _deploy_drift(client, study)


def _deploy_drift(client: SyncPrefectClient, study: RegisteredStudy) -> None:
    """Makes the deployment of the study's check for drift what its record says; none where it has no cron."""
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    if not study.drift:
        _delete(client, DRIFT_FLOW, study.name)
        return
    cron = CronSchedule(cron=study.drift, timezone=study.timezone)
    client.create_deployment(
        flow_id=client.create_flow_from_name(DRIFT_FLOW),
        name=study.name,
        description=f"Checks the champion of the study {study.path} for drift.",
        entrypoint=DRIFT_ENTRYPOINT,
        work_pool_name=POOL,
        schedules=[DeploymentScheduleCreate(schedule=cron, active=True)],
        parameters={"study_path": study.path},
        tags=["fieldwright", "drift", study.name],
        job_variables=_job_variables(),
    )


def _job_variables() -> dict[str, Any]:
    # The worker's folder is a temporary one, in which nothing would be found again.
    return {"env": {"FIELDWRIGHT_HOME": str(home())}}


def take_away(client: SyncPrefectClient, name: str) -> bool:
    """Deletes the study's deployments; whether there were any."""
    deleted = [_delete(client, flow, name) for flow in (FLOW, DRIFT_FLOW)]
    return any(deleted)


def _delete(client: SyncPrefectClient, flow: str, name: str) -> bool:
    from prefect.exceptions import ObjectNotFound

    try:
        client.delete_deployment(client.read_deployment_by_name(f"{flow}/{name}").id)
    except ObjectNotFound:
        return False
    return True


def deployed_studies(client: SyncPrefectClient) -> Mapping[str, Any]:
    """The deployments that `deploy` has made, by their studies."""
    from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName

    pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL]))
    deployments = client.read_deployments(work_pool_filter=pool, limit=200)
    return {one.name: one for one in deployments if REGISTERED in one.tags}


def next_times(study: RegisteredStudy, n: int = 1) -> list[datetime]:
    """When the schedule fires next, by Prefect's own reckoning, in the schedule's time zone."""
    import asyncio

    from prefect.server.schemas.schedules import CronSchedule

    times = asyncio.run(CronSchedule(cron=study.cron, timezone=study.timezone).get_dates(n))
    return [time.astimezone(ZoneInfo(study.timezone)) for time in times]


def _parameters() -> dict[str, Any]:
    from prefect.utilities.callables import parameter_schema

    from fieldwright.flows.workflow import run_study

    return parameter_schema(run_study).model_dump()
