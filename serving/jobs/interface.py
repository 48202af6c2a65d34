"""What is said of jobs in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from fieldwright.serving.forms.accept import JSON, ZIP
from fieldwright.serving.jobs.limits import JOB_OPERATIONS, KEPT_SECONDS, MAX_JOBS
from fieldwright.serving.photos.interface import PhotoRoute
from fieldwright.serving.photos.replies import PNG
from fieldwright.serving.schemas.openapi import BINARY, LOADED, Operation

NOT_THERE = (*LOADED, 404)


class JobTaken(BaseModel):
    """A job that will be computed."""

    job: str = Field(description="Its name, which nobody can guess.")
    href: str = Field(description="Where it is asked for.")


class JobState(BaseModel):
    """How far a job has come."""

    job: str
    route: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    done: int = Field(description="Tiles of the photos, and as many again for what follows them.")
    total: int = Field(description="0 until it runs.")
    seconds_left: float | None = Field(description="Null until it can be estimated.")
    error: str | None = Field(description="Why it has no answer.")


def job_operations(routes: Sequence[PhotoRoute]) -> list[Operation]:
    """Of the jobs of a model that answers these routes."""
    by_route = [route.operation() for route in routes]
    bodies = {media_type: schema for one in by_route for media_type, schema in (one.bodies or {}).items()}
    form = next(iter(bodies))
    options = {name: schema for one in by_route for name, schema in one.bodies[form]["properties"].items()}  # type: ignore[index]
    options.pop("picture", None)
    bodies[form] = bodies[form] | {"properties": options}
    parameters = {one["name"]: one for operation in by_route for one in operation.parameters}
    parameters.pop("picture", None)
    pictures = [picture for route in routes for picture in route.pictures]
    return [
        Operation(
            "post",
            "/jobs",
            "start_job",
            "Have photos answered as a job, for those that take longer than a request may.",
            {JSON: JobTaken},
            bodies,
            parameters=[
                {
                    "name": "route",
                    "in": "query",
                    "required": True,
                    "description": "What is asked.",
                    "schema": {"enum": [route.name for route in routes]},
                },
                *parameters.values(),
            ],
            status=202,
            description=f"Jobs are computed one by one. {MAX_JOBS} may wait, run or be kept, in memory alone, for "
            f"{KEPT_SECONDS / 60:g} minutes after their end. The networks may take {JOB_OPERATIONS['cpu']:.0e} "
            "operations for one.",
        ),
        Operation(
            "get",
            "/jobs/{job}",
            "job",
            "How far a job has come.",
            {JSON: JobState},
            parameters=[_job()],
            failures=NOT_THERE,
        ),
        Operation(
            "delete",
            "/jobs/{job}",
            "end_job",
            "Cancel a job, or forget one that has ended.",
            {JSON: JobState},
            parameters=[_job()],
            failures=NOT_THERE,
        ),
        Operation(
            "get",
            "/jobs/{job}/answer",
            "job_answer",
            "The answer of a job that is done, in the forms of the route that it asks.",
            {JSON: {"type": "object"}} | dict.fromkeys((PNG, ZIP), BINARY),
            parameters=[
                _job(),
                {
                    "name": "picture",
                    "in": "query",
                    "description": "That an answer as PNG shows; the first of the route if left out.",
                    "schema": {"enum": sorted(set(pictures))},
                },
            ],
            failures=(*NOT_THERE, 409, 504),
        ),
    ]


def _job() -> dict[str, Any]:
    return {"name": "job", "in": "path", "required": True, "schema": {"type": "string"}}
