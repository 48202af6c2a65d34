"""The HTTP interface of one worker: its routes, answered by the current champion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from fieldwright.data.errors import QueryError
from fieldwright.serving.body import decode, read_body
from fieldwright.serving.equations.reply import solution_reply
from fieldwright.serving.equations.served_solution import ServedSolution
from fieldwright.serving.failures import guarded, http_failure
from fieldwright.serving.fields.answer import JSON, NPZ, predict, written
from fieldwright.serving.fields.gradients_reply import gradients_reply
from fieldwright.serving.fields.mesh_reply import mesh_reply
from fieldwright.serving.fields.openapi import PAGE
from fieldwright.serving.fields.served import Served
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.limits import INLINE_BYTES, MAX_WAITING
from fieldwright.serving.metrics import QueryMetrics
from fieldwright.serving.photos.intake import SentPhotos, read_photos
from fieldwright.serving.photos.replies import PhotoReply, PhotoRoute
from fieldwright.serving.photos.served_classifier import CLASSIFY, EXPLAIN, ServedClassifier
from fieldwright.serving.photos.served_segmenter import SEGMENT, ServedSegmenter
from fieldwright.serving.refusal import Refused
from fieldwright.serving.served_model import ServedModel
from fieldwright.serving.shapes.served_shapes import ServedShapes

Sort = TypeVar("Sort")
Photographic = TypeVar("Photographic", ServedClassifier, ServedSegmenter)


class Endpoint:
    """Reads requests, has them answered without holding up others, and says what is served."""

    def __init__(self, champion: Champion) -> None:
        self._champion = champion
        self._metrics: QueryMetrics | None = None
        # One thread beside the event loop: more would share the same core and add up in memory.
        self._thread = ThreadPoolExecutor(1, "answers")
        self._waiting = 0

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/predict", guarded(self.predict), methods=["POST"]),
                Route("/gradients", guarded(self.gradients), methods=["POST"]),
                Route("/solve", guarded(self.solve), methods=["POST"]),
                Route("/classify", guarded(self.classify), methods=["POST"]),
                Route("/explain", guarded(self.explain), methods=["POST"]),
                Route("/segment", guarded(self.segment), methods=["POST"]),
                Route("/models", guarded(self.models)),
                Route("/mesh/{field:path}", guarded(self.mesh)),
                Route("/docs.json", guarded(self.docs)),
                Route("/", guarded(self.page)),
            ],
            exception_handlers={HTTPException: http_failure},
        )

    def count_with(self, metrics: QueryMetrics) -> None:
        """Counts queries from now on."""
        self._metrics = metrics

    async def predict(self, request: Request) -> Response:
        """Answers one request; large or slow ones in a thread, so that others go on being answered."""
        media_type = _media_type(request)
        body = await read_body(request)
        served = self._served(request, Served, ServedShapes)
        if len(body) > INLINE_BYTES:
            content = await self._in_thread(lambda: self._answer(served, _query(served, body), media_type))
        else:
            query = _query(served, body)
            if served.quick(query):
                content = self._answer(served, query, media_type)
            else:
                content = await self._in_thread(lambda: self._answer(served, query, media_type))
        return Response(content, media_type=media_type)

    async def gradients(self, request: Request) -> Response:
        """Answers how quantities and fields change with the parameters."""
        body = await read_body(request)
        served = self._served(request, Served)
        content = await self._in_thread(lambda: gradients_reply(served, served.read(decode(body))))
        return Response(content, media_type=JSON)

    async def solve(self, request: Request) -> Response:
        """Answers what the solution of an equation is at points, and its derivatives."""
        body = await read_body(request)
        served = self._served(request, ServedSolution)

        def work() -> bytes:
            query = served.read(decode(body))
            answer = served.solve(query)
            if self._metrics:
                self._metrics.count(answer.inside)
            return solution_reply(served, query, answer)

        return Response(await self._in_thread(work), media_type=JSON)

    async def classify(self, request: Request) -> Response:
        """Answers whether photos show a crack."""
        return await self._of_photos(request, ServedClassifier, CLASSIFY, ServedClassifier.classify)

    async def explain(self, request: Request) -> Response:
        """Answers where the photos show what the classifier goes by."""
        return await self._of_photos(request, ServedClassifier, EXPLAIN, ServedClassifier.explain)

    async def segment(self, request: Request) -> Response:
        """Answers where photos show cracks, and how long and wide they are."""
        return await self._of_photos(request, ServedSegmenter, SEGMENT, ServedSegmenter.segment)

    async def _of_photos(
        self,
        request: Request,
        sort: type[Photographic],
        route: PhotoRoute,
        answer: Callable[[Photographic, SentPhotos], list[PhotoReply]],
    ) -> Response:
        """Photos take long to decode, let alone to answer: all of it happens in a thread."""
        served = self._served(request, sort)
        sent = await read_photos(request, route.options)
        form = route.form(request, sent.options)

        def work() -> bytes:
            replies = answer(served, sent)
            if self._metrics:
                self._metrics.count(np.array([reply.about["inside"] for reply in replies]))
            return form.written({"model": served.model, "version": served.version}, replies)

        return Response(await self._in_thread(work), media_type=form.media_type)

    async def models(self, request: Request) -> Response:
        """What is served, and why it is not the champion if it is not."""
        document: dict[str, Any] = {"models": [self._current().about()]}
        if self._champion.failure:
            document["warning"] = self._champion.failure
        return Response(orjson.dumps(document), media_type=JSON)

    async def mesh(self, request: Request) -> Response:
        """Where the values of a field lie."""
        served, media_type = self._served(request, Served, ServedShapes), _media_type(request)
        field = request.path_params["field"]
        content = await self._in_thread(lambda: mesh_reply(served, field, media_type))
        return Response(content, media_type=media_type)

    async def docs(self, request: Request) -> Response:
        """The OpenAPI document, of the model that is served."""
        return Response(orjson.dumps(self._current().specification()), media_type=JSON)

    async def page(self, request: Request) -> Response:
        """The page on which the interface can be read and tried."""
        return HTMLResponse(PAGE)

    def _served(self, request: Request, *sorts: type[Sort]) -> Sort:
        """The current model, where it is of one of the sorts that answer this route; raises QueryError."""
        current = self._current()
        if not isinstance(current, sorts):
            raise QueryError(
                f"{request.url.path} must be asked of a model that answers it",
                f"'{current.model}', {current.sort}",
                f"Ask {current.route}",
            )
        return current

    def _current(self) -> ServedModel:
        if self._champion.current is None:
            raise Refused(
                503,
                "A model must be loaded before queries can be answered",
                self._champion.failure,
                "Promote a version that loads; it is picked up by itself",
            )
        return self._champion.current

    def _answer(self, served: Served | ServedShapes, query: Any, media_type: str) -> bytes:
        prediction = predict(served, query)
        if self._metrics:
            self._metrics.count(prediction.inside)
        return written(served, query, prediction, media_type)

    async def _in_thread(self, work: Callable[[], bytes]) -> bytes:
        if self._waiting >= MAX_WAITING:
            raise Refused(
                503,
                f"At most {MAX_WAITING} large requests can wait for a worker",
                "one more",
                "Send it again in a moment",
                {"Retry-After": "1"},
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        finally:
            self._waiting -= 1


def _media_type(request: Request) -> str:
    return NPZ if NPZ in request.headers.get("accept", "") else JSON


def _query(served: Served | ServedShapes, body: bytes) -> Any:
    return served.read(decode(body))
