"""Observes each request from its arrival to the end of its answer."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fieldwright.serving.metrics import Metrics
from fieldwright.serving.observation.request import HEADER, begin

if TYPE_CHECKING:
    # They import what only an endpoint needs that logs predictions, or traces requests.
    from fieldwright.serving.observation.prediction_writer import PredictionWriter
    from fieldwright.serving.observation.shadow import Shadow
    from fieldwright.serving.observation.spans import Spans

logger = logging.getLogger("bentoml.fieldwright.requests")


class Observed:
    """Gives requests an id, counts them, and logs them where that is wished for."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        log_requests: bool = False,
        predictions: PredictionWriter | None = None,
        spans: Spans | None = None,
        shadow: Shadow | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._log_requests = log_requests
        self._predictions, self._spans, self._shadow = predictions, spans, shadow

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        observation = begin(scope["headers"])
        if self._predictions is not None:
            observation.share = self._predictions.share
        if self._shadow is not None:
            observation.shadow_share = self._shadow.share
        header = (HEADER, observation.request_id.encode())
        status = 500
        start = time.perf_counter()

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            seconds = time.perf_counter() - start
            self._metrics.count_request(scope["path"], status, seconds, observation)
            if self._predictions is not None:
                self._predictions.put(observation)
            if self._shadow is not None:
                self._shadow.put(observation)
            if self._spans is not None:
                route, headers = self._metrics.route_of(scope["path"]), scope["headers"]
                self._spans.record(observation, scope["method"], route, status, seconds, headers)
            if self._log_requests:
                fields = {
                    "method": scope["method"],
                    "route": self._metrics.route_of(scope["path"]),
                    "status": status,
                    "seconds": round(seconds, 6),
                    "model": observation.model,
                    "version": observation.version,
                    "reason": observation.reason,
                }
                logger.info(
                    "%s %s %d in %.1f ms",
                    fields["method"],
                    fields["route"],
                    status,
                    1e3 * seconds,
                    extra={"fields": fields},
                )
