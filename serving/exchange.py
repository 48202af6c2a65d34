"""One request on its way to its answer: what a handler of any family needs of the worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.serving.jobs.job_list import JobList
from fieldwright.serving.jobs.passage import JobPassage
from fieldwright.serving.observation.request import Observation


@dataclass(frozen=True)
class Exchange:
    """The request, and the worker that answers it.

    in_thread: has something made without holding up other requests, small ones apart from large ones (whether it is
        small, False if left out); raises Refused where too many wait.
    observation: takes what is counted of the request. options: of the worker. folder: that the model was loaded from.
    jobs: those of the endpoint, or the way to the worker that keeps them.
    """

    request: Request
    in_thread: Callable[..., Awaitable[Any]]
    observation: Observation
    options: Options
    folder: Path
    jobs: JobList | JobPassage


RouteHandler = Callable[[Any, Exchange], Awaitable[Response]]
"""Answers a request by the served model of its family."""
