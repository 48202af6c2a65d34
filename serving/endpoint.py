"""The HTTP interface of one worker: its routes, answered by the current champion."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from fieldwright.data.errors import QueryError
from fieldwright.serving.body import refuse_options
from fieldwright.serving.exchange import Exchange
from fieldwright.serving.failures import guarded, http_failure
from fieldwright.serving.families import FAMILY_ROUTES, FamilyRoute, served_family
from fieldwright.serving.forms.accept import JSON, accepted_type, form_response
from fieldwright.serving.hosting.allowed_hosts import AllowedHosts
from fieldwright.serving.hosting.authorization import Authorization, Keys, RateLimits
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.serving.limits import MAX_SMALL_WAITING, MAX_WAITING
from fieldwright.serving.metrics import RATES, Metrics
from fieldwright.serving.observation.middleware import Observed
from fieldwright.serving.observation.request import current
from fieldwright.serving.refusal import NO_MODEL, Refused
from fieldwright.serving.schemas.openapi import specification
from fieldwright.serving.served_model import ServedModel, about

if TYPE_CHECKING:
    from fieldwright.serving.observation.prediction_writer import PredictionWriter
    from fieldwright.serving.observation.spans import Spans

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Fieldwright</title>
<link rel="stylesheet" href="./static_content/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="./static_content/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "./docs.json", dom_id: "#swagger-ui", validatorUrl: null})</script>
</body>
</html>
"""
"""The page of the interface, which asks no other host for anything."""


class Endpoint:
    """Reads requests, has them answered without holding up others, and says what is served."""

    def __init__(
        self,
        champion: Champion,
        metrics: Metrics | None = None,
        allowed_hosts: Sequence[str] = ("*",),
        keys: Keys | None = None,
        options: Options = Options(),  # noqa: B008  # it is immutable
        predictions: PredictionWriter | None = None,
        spans: Spans | None = None,
    ) -> None:
        self._champion = champion
        self._metrics = metrics or Metrics()
        self._allowed_hosts = allowed_hosts
        self._keys = keys
        self._options = options
        self._predictions, self._spans = predictions, spans
        # One thread each beside the event loop: more would share the same core and add up in memory. Small requests
        # never wait behind large ones.
        self._small, self._large = ThreadPoolExecutor(1, "small"), ThreadPoolExecutor(1, "large")
        self._waiting = {True: 0, False: 0}

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                *(
                    Route(route.path, guarded(self._answering(route)), methods=[route.method])
                    for route in FAMILY_ROUTES
                ),
                Route("/models", guarded(self.models)),
                Route("/readyz", guarded(self.readiness)),
                Route("/metrics", guarded(self.metrics)),
                Route("/docs.json", guarded(self.docs)),
                Route("/", guarded(self.page)),
            ],
            middleware=[
                Middleware(
                    Observed,
                    metrics=self._metrics,
                    log_requests=self._options.log_requests,
                    predictions=self._predictions,
                    spans=self._spans,
                ),
                Middleware(AllowedHosts, names=self._allowed_hosts),
                Middleware(Authorization, keys=self._keys, limits=RateLimits(self._metrics.rows, RATES)),
            ],
            exception_handlers={HTTPException: http_failure},
        )

    def _answering(self, route: FamilyRoute) -> Callable[[Request], Any]:
        """Has a route answered by the current model; raises QueryError where its family does not answer it."""

        async def answer(request: Request) -> Response:
            if not route.options:
                refuse_options(request)
            served = self._current()
            observation = current()
            observation.model, observation.version = served.model, served.version
            family = served_family(served.family)
            handler = family.handlers.get(route.path)
            if handler is None:
                raise QueryError(
                    f"{request.url.path} must be asked of a model that answers it",
                    f"'{served.model}', {family.phrase}",
                    f"Ask {family.post_routes()}",
                )
            return await handler(served, Exchange(request, self._in_thread, observation))

        return answer

    async def models(self, request: Request) -> Response:
        """What is served, and why it is not the champion if it is not."""
        refuse_options(request)
        media_type = accepted_type(request, (JSON,))
        state = self._champion.state()
        document: dict[str, Any] = {"models": [about(self._current())], "champion": state.document()}
        if state.why:
            document["warning"] = state.why
        return form_response(orjson.dumps(document), media_type)

    async def readiness(self, request: Request) -> Response:
        """200 once a model is loaded, 503 before, with which version is served and which is wanted."""
        document = self._champion.state().document()
        status = 503 if self._champion.current is None else 200
        return Response(orjson.dumps(document), status_code=status, media_type=JSON)

    async def metrics(self, request: Request) -> Response:
        """The numbers of all workers, for Prometheus."""
        return Response(self._metrics.exposition(self._champion.state()), media_type=CONTENT_TYPE_LATEST)

    async def docs(self, request: Request) -> Response:
        """The OpenAPI document, of the model that is served."""
        refuse_options(request)
        media_type, served = accepted_type(request, (JSON,)), self._current()
        document = specification(served.model, served.version, type(served.description), served.interface())
        return form_response(orjson.dumps(document), media_type)

    async def page(self, request: Request) -> Response:
        """The page on which the interface can be read and tried."""
        return HTMLResponse(PAGE)

    def _current(self) -> ServedModel:
        if self._champion.current is None:
            raise Refused(
                503,
                "A model must be loaded before queries can be answered",
                self._champion.failure,
                "Promote a version that loads; it is picked up by itself",
                {"Retry-After": "5"},
                NO_MODEL,
            )
        return self._champion.current

    async def _in_thread(self, work: Callable[[], bytes], small: bool = False) -> bytes:
        size, most = ("small", MAX_SMALL_WAITING) if small else ("large", MAX_WAITING)
        if self._waiting[small] >= most:
            raise Refused(
                503,
                f"At most {most} {size} requests can wait for a worker",
                "one more",
                "Send it again in a moment",
                {"Retry-After": "1"},
            )
        self._waiting[small] += 1
        self._metrics.put_queue(size, self._waiting[small])
        seconds = self._options.answer_seconds
        try:
            pool = self._small if small else self._large
            # What the thread logs is logged under the id of the request.
            answer = functools.partial(contextvars.copy_context().run, work)
            return await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(pool, answer), seconds)
        except TimeoutError as error:
            raise Refused(
                504,
                f"An answer must be computed within {seconds:g} s, the wait for others included",
                "none by then",
                "Ask for less at once, or when fewer others ask",
            ) from error
        finally:
            self._waiting[small] -= 1
            self._metrics.put_queue(size, self._waiting[small])
