"""The BentoML service of one worker; `serving/hosting/worker.py` runs it.

`bentoml serve fieldwright.serving.service:Fieldwright` runs it too, with the version of FIELDWRIGHT_MODEL that an
endpoint has put under FIELDWRIGHT_HOME last; it follows no registry itself.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import bentoml

from fieldwright.data.api_keys import KeyFile
from fieldwright.serving.declared_routes import DeclaredRoutes
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.families import served_family
from fieldwright.serving.hosting.authorization import Keys
from fieldwright.serving.hosting.bentoml_host import LeanService
from fieldwright.serving.hosting.bundle import bundled_shelf
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.champions import Champions
from fieldwright.serving.hosting.channel import Channel
from fieldwright.serving.hosting.shared_rows import SharedRows
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.hosting.worker_settings import Options, WorkerSettings
from fieldwright.serving.jobs.passage import JobPassage
from fieldwright.serving.metrics import N_COLUMNS, Metrics
from fieldwright.serving.observation.tracing import traces_url


def _last_filled_shelf(model: str) -> Shelf:
    """The shelf of a bento, or the model's, by the pointer that was written last."""
    folder = bundled_shelf() or Shelf.of(model).folder
    pointers = sorted(folder.glob("champion*.json"), key=lambda pointer: pointer.stat().st_mtime)
    return Shelf(folder, pointers[-1].name) if pointers else Shelf(folder)


settings = WorkerSettings.inherited()
if settings is None:
    champions = Champions.of(Champion(_last_filled_shelf(os.environ.get("FIELDWRIGHT_MODEL", ""))))
    metrics, allowed_hosts = Metrics(), ("*",)
    keys, options = None, Options()
else:
    champions = Champions(
        {
            one.model: Champion(
                Shelf(Path(one.shelf), one.pointer),
                Channel(socket.socket(fileno=one.supervisor)),
                one.registry_page,
            )
            for one in settings.models
        }
    )
    rows = SharedRows(settings.numbers, settings.rows, N_COLUMNS, settings.row)
    metrics = Metrics(rows, champions.names)
    allowed_hosts = settings.access.allowed_hosts
    keys = Keys(KeyFile(), *champions.names) if settings.access.auth else None
    options = settings.options
predictions = None
if options.log_predictions or options.shadow:
    # Imported where it is needed alone, since it takes pyarrow.
    from fieldwright.serving.observation.prediction_writer import PredictionWriter

    predictions = PredictionWriter(options.log_predictions, metrics.rows)
shadow = None
if options.shadow and predictions is not None and settings is not None:
    # Likewise: it takes the predictions' writer.
    from fieldwright.serving.observation.shadow import Shadow

    challengers = {one.model: Shelf(Path(one.shelf), one.pointer).of_challenger() for one in settings.models}
    shadow = Shadow(options.shadow, challengers, metrics, predictions)
spans = None
if url := traces_url():
    # Likewise, for OpenTelemetry.
    from fieldwright.serving.observation.spans import Spans

    spans = Spans(url)
passage = None
if settings is not None and settings.row != 0:
    passage = JobPassage(socket.socket(fileno=settings.jobs))
endpoint = Endpoint(champions, metrics, allowed_hosts, keys, options, predictions, spans, shadow, passage)


class ServedRoutes(LeanService):
    """Tells BentoML's clients of those declared routes that the only model answers."""

    def schema(self) -> dict[str, Any]:
        document = super().schema()
        only = champions.only()
        if only is None or only.current is not None:
            served = None if only is None else only.current
            paths = {route.path for route in served_family(served.family).routes} if served else set()
            document["routes"] = [route for route in document["routes"] if route["route"] in paths]
        return document


@bentoml.service(name="fieldwright", service_class=ServedRoutes)
@bentoml.asgi_app(endpoint.app())
class Fieldwright(DeclaredRoutes):
    """Answers queries with the champions of registered models."""

    application = endpoint.app()

    def __init__(self) -> None:
        champions.start()
        if predictions is not None:
            predictions.start()
        if shadow is not None:
            shadow.start()

    @bentoml.on_shutdown
    def stop(self) -> None:
        """Ends jobs, and the threads that follow the pointer, ask challengers, write predictions and send spans."""
        endpoint.stop()
        champions.stop()
        if shadow is not None:
            shadow.stop()
        if predictions is not None:
            predictions.stop()
        if spans is not None:
            spans.stop()
