"""The HTTP interface of one worker: its routes, answered by the current champions."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fieldwright.data.errors import QueryError
from fieldwright.serving.addresses import MODELS
from fieldwright.serving.body import refuse_options
from fieldwright.serving.exchange import Exchange
from fieldwright.serving.failures import guarded, http_failure
from fieldwright.serving.families import ROUTES_BY_PATH, FamilyRoute, served_family
from fieldwright.serving.forms.accept import JSON, accepted_type, form_response
from fieldwright.serving.hosting.allowed_hosts import AllowedHosts
from fieldwright.serving.hosting.authorization import KEY, Authorization, Keys, RateLimits
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.champions import Champions
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.serving.jobs.job_list import JobList
from fieldwright.serving.jobs.passage import JobPassage
from fieldwright.serving.limits import MAX_SMALL_WAITING, MAX_WAITING
from fieldwright.serving.metrics import RATES, Metrics
from fieldwright.serving.observation.middleware import Observed
from fieldwright.serving.observation.request import begin, current
from fieldwright.serving.page.static_files import page_routes
from fieldwright.serving.refusal import NO_MODEL, Refused
from fieldwright.serving.schemas.openapi import specification, specification_of_several
from fieldwright.serving.served_model import ServedModel, about

if TYPE_CHECKING:
    from fieldwright.serving.observation.prediction_writer import PredictionWriter
    from fieldwright.serving.observation.shadow import Shadow
    from fieldwright.serving.observation.spans import Spans

INTERFACE_PAGE = """<!doctype html>
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
"""On which the interface is read and tried; it asks no other host for anything."""


NAMED = "/models/{model}"
"""Before a route, names the model that it is asked of."""


class Endpoint:
    """Reads requests, has them answered without holding up others, and says what is served."""

    def __init__(
        self,
        champions: Champion | Champions,
        metrics: Metrics | None = None,
        allowed_hosts: Sequence[str] = ("*",),
        keys: Keys | None = None,
        options: Options = Options(),  # noqa: B008  # it is immutable
        predictions: PredictionWriter | None = None,
        spans: Spans | None = None,
        shadow: Shadow | None = None,
        passage: JobPassage | None = None,
    ) -> None:
        self._champions = Champions.of(champions)
        self._metrics = metrics or Metrics()
        self._allowed_hosts = allowed_hosts
        self._keys = keys
        self._options = options
        self._predictions, self._spans, self._shadow = predictions, spans, shadow
        # One thread each beside the event loop: more would share the same core and add up in memory. Small requests
        # never wait behind large ones.
        self._small, self._large = ThreadPoolExecutor(1, "small"), ThreadPoolExecutor(1, "large")
        self._waiting = {True: 0, False: 0}
        self._jobs = passage or JobList(functools.partial(self._metrics.put_queue, "jobs"))

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                *self._family_routes(),
                Route("/models", guarded(self.models)),
                Route(NAMED, guarded(self.model)),
                Route("/readyz", guarded(self.readiness)),
                Route(f"{NAMED}/readyz", guarded(self.model_readiness)),
                Route(f"{NAMED}/docs.json", guarded(self.docs)),
                Route("/metrics", guarded(self.metrics)),
                Route("/docs.json", guarded(self.docs)),
                Route("/docs", guarded(self.interface_page)),
                *page_routes(),
            ],
            middleware=[
                Middleware(
                    Observed,
                    metrics=self._metrics,
                    log_requests=self._options.log_requests,
                    predictions=self._predictions,
                    spans=self._spans,
                    shadow=self._shadow,
                ),
                Middleware(AllowedHosts, names=self._allowed_hosts),
                Middleware(Authorization, keys=self._keys, limits=RateLimits(self._metrics.rows, RATES)),
            ],
            exception_handlers={HTTPException: http_failure},
        )

    def jobs_app(self) -> ASGIApp:
        """What other workers ask of the one that keeps the jobs: they have checked and counted their requests."""
        app = Starlette(routes=[route for route in self._family_routes() if "/jobs" in route.path])

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            begin(scope["headers"])
            await app(scope, receive, send)

        return answer

    def stop(self) -> None:
        """Cancels all jobs."""
        if isinstance(self._jobs, JobList):
            self._jobs.stop()

    def _family_routes(self) -> list[Route]:
        return [
            Route(f"{prefix}{path}", guarded(self._answering(routes)), methods=list(routes))
            for path, routes in ROUTES_BY_PATH.items()
            for prefix in ("", NAMED)
        ]

    def _answering(self, routes: Mapping[str, FamilyRoute]) -> Callable[[Request], Any]:
        """Has the routes of one path, by method, answered by the current model; raises QueryError where its family
        does not answer them."""

        async def answer(request: Request) -> Response:
            route = routes["GET" if request.method == "HEAD" else request.method]
            if not route.options:
                refuse_options(request)
            champion = self._champion(request)
            served = _loaded(champion)
            observation = current()
            observation.model, observation.version = served.model, served.version
            family = served_family(served.family)
            handler = family.handlers.get((route.method, route.path))
            if handler is None:
                raise QueryError(
                    f"{request.url.path} must be asked of a model that answers it",
                    f"'{served.model}', {family.phrase}",
                    f"Ask {family.post_routes()}" + (" of it" if "model" in request.path_params else ""),
                )
            exchange = Exchange(
                request, self._in_thread, observation, self._options, champion.folder, self._jobs
            )
            return await handler(served, exchange)

        return answer

    async def models(self, request: Request) -> Response:
        """What is served, as far as the key allows to ask it, and why it is not the champion if it is not."""
        refuse_options(request)
        media_type = accepted_type(request, (JSON,))
        key = request.scope.get(KEY)
        states = {
            model: state
            for model, state in self._champions.states().items()
            if key is None or key.allows(MODELS, model)
        }
        only = self._champions.only()
        if only is not None:
            _loaded(only)
        document: dict[str, Any] = {
            "models": [
                about(one.current, one.registry_page)
                for one in self._champions.by_name.values()
                if one.current is not None and one.current.model in states
            ],
            "champions": {model: state.document() for model, state in states.items()},
        }
        if only is not None:
            document["champion"] = only.state().document()
        if warnings := [state.why for state in states.values() if state.why]:
            document["warning"] = " ".join(warnings)
        return form_response(orjson.dumps(document), media_type)

    async def model(self, request: Request) -> Response:
        """What one of the models is, and why it is not the champion if it is not."""
        refuse_options(request)
        media_type = accepted_type(request, (JSON,))
        champion = self._champion(request)
        document = about(_loaded(champion), champion.registry_page) | {
            "champion": champion.state().document()
        }
        return form_response(orjson.dumps(document), media_type)

    async def readiness(self, request: Request) -> Response:
        """200 once all models are loaded, 503 before, with which versions are served and which are wanted."""
        only = self._champions.only()
        documents = {model: state.document() for model, state in self._champions.states().items()}
        content = orjson.dumps({"models": documents} if only is None else only.state().document())
        return Response(content, status_code=200 if self._champions.loaded else 503, media_type=JSON)

    async def model_readiness(self, request: Request) -> Response:
        """The same of one model."""
        champion = self._champion(request)
        content = orjson.dumps(champion.state().document())
        return Response(content, status_code=503 if champion.current is None else 200, media_type=JSON)

    async def metrics(self, request: Request) -> Response:
        """The numbers of all workers, for Prometheus."""
        content = self._metrics.exposition(*self._champions.states().values())
        return Response(content, media_type=CONTENT_TYPE_LATEST)

    async def docs(self, request: Request) -> Response:
        """The OpenAPI document of a model; where several are served, that of the endpoint names theirs."""
        refuse_options(request)
        media_type = accepted_type(request, (JSON,))
        name = request.path_params.get("model")
        if name is None and self._champions.only() is None:
            return form_response(orjson.dumps(specification_of_several(self._champions.names)), media_type)
        served = self._served(request)
        prefix = f"/models/{quote(name, safe='')}" if name else ""
        document = specification(
            served.model, served.version, type(served.description), served.interface(), prefix
        )
        return form_response(orjson.dumps(document), media_type)

    async def interface_page(self, request: Request) -> Response:
        """The page on which the interface can be read and tried."""
        return HTMLResponse(INTERFACE_PAGE)

    def _champion(self, request: Request) -> Champion:
        return self._champions.find(request.path_params.get("model"), request.url.path)

    def _served(self, request: Request) -> ServedModel:
        """The model that a request asks, by its name in the path or as the only one."""
        return _loaded(self._champion(request))

    async def _in_thread(self, work: Callable[[], Any], small: bool = False) -> Any:
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


def _loaded(champion: Champion) -> ServedModel:
    if champion.current is None:
        raise Refused(
            503,
            "A model must be loaded before queries can be answered",
            champion.failure,
            "Promote a version that loads; it is picked up by itself",
            {"Retry-After": "5"},
            NO_MODEL,
        )
    return champion.current
