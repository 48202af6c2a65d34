"""The BentoML service `fieldwright.serving.service:Fieldwright`, which `python -m fieldwright.serving` starts.

Reads from the environment: FIELDWRIGHT_MODEL, the registered model; FIELDWRIGHT_WORKERS, the processes;
FIELDWRIGHT_HOME, under which the supervisor puts the model.
"""

from __future__ import annotations

import os
import signal

import bentoml

from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.bentoml_host import LeanService
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.parent_watch import die_with_parent
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.metrics import QueryMetrics

champion = Champion(Shelf.of(os.environ.get("FIELDWRIGHT_MODEL", "")))
endpoint = Endpoint(champion)


@bentoml.service(
    name="fieldwright",
    workers=int(os.environ.get("FIELDWRIGHT_WORKERS", "1")),
    service_class=LeanService,
)
@bentoml.asgi_app(endpoint.app())
class Fieldwright:
    """Answers queries with the champion of one registered model."""

    def __init__(self) -> None:
        # A master that is killed cannot stop its workers; they would keep the port and answer for ever.
        die_with_parent(signal.SIGKILL)
        endpoint.count_with(QueryMetrics())
        champion.start()

    def __is_ready__(self) -> bool:
        return champion.current is not None

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Ends the thread that follows the pointer."""
        champion.stop()
