"""What the endpoint counts for Prometheus; BentoML gathers it from all workers at GET /metrics."""

from __future__ import annotations

import time

import numpy as np
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fieldwright.serving.families import FAMILY_ROUTES

ROUTES = frozenset({"models", *(route.path.split("/")[1] for route in FAMILY_ROUTES)})


class RequestMetrics:
    """Counts requests and their times by route and status.

    BentoML's own middleware labels every path that a client can think of, each a set of time series that
    stays in memory for good; here all but the endpoint's own routes are one: "other".
    """

    def __init__(self, app: ASGIApp) -> None:
        # Imported late: prometheus_client looks for the workers' shared folder when it is imported.
        from prometheus_client import Counter, Histogram

        self._app = app
        self._requests = Counter(
            "fieldwright_requests_total", "Requests by route and HTTP status", ["route", "status"]
        )
        self._seconds = Histogram(
            "fieldwright_request_seconds",
            "Time from the arrival of a request to the end of its answer",
            ["route"],
            buckets=tuple(np.geomspace(0.0005, 30, 20).round(5).tolist()),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        start = time.perf_counter()

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        finally:
            first = scope["path"].lstrip("/").partition("/")[0]
            route = f"/{first}" if first in ROUTES else "other"
            self._requests.labels(route, status).inc()
            self._seconds.labels(route).observe(time.perf_counter() - start)


class QueryMetrics:
    """Counts queries, and those outside the domain of the training runs: a rising share asks for new runs."""

    def __init__(self) -> None:
        from prometheus_client import Counter

        self._queries = Counter("fieldwright_queries_total", "Queries answered")
        self._outside = Counter("fieldwright_queries_outside_total", "Queries outside the training domain")

    def count(self, inside: np.ndarray) -> None:
        """inside: (q,) bool, as in the prediction."""
        self._queries.inc(len(inside))
        self._outside.inc(int(np.count_nonzero(~inside)))
