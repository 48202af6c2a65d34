"""The BentoML service of one worker; `serving/hosting/worker.py` runs it."""

from __future__ import annotations

import socket
from pathlib import Path

import bentoml

from fieldwright.data.api_keys import KeyFile
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.authorization import Keys
from fieldwright.serving.hosting.bentoml_host import LeanService
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.channel import Channel
from fieldwright.serving.hosting.shared_rows import SharedRows
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.hosting.worker_settings import WorkerSettings
from fieldwright.serving.metrics import N_COLUMNS, Metrics

settings = WorkerSettings.inherited()
if settings is None:
    champion, metrics, allowed_hosts = Champion(Shelf.of("")), Metrics(), ("*",)
    keys = None
else:
    champion = Champion(
        Shelf(Path(settings.shelf), settings.pointer), Channel(socket.socket(fileno=settings.supervisor))
    )
    metrics = Metrics(SharedRows(settings.numbers, settings.rows, N_COLUMNS, settings.row))
    allowed_hosts = settings.access.allowed_hosts
    keys = Keys(KeyFile(), settings.model) if settings.access.auth else None
endpoint = Endpoint(champion, metrics, allowed_hosts, keys)


@bentoml.service(name="fieldwright", service_class=LeanService)
@bentoml.asgi_app(endpoint.app())
class Fieldwright:
    """Answers queries with the champion of one registered model."""

    def __init__(self) -> None:
        champion.start()

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Ends the thread that follows the pointer."""
        champion.stop()
