"""What the endpoint counts for Prometheus, in memory that its workers share: any of them tells it for all."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import accumulate, count

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fieldwright.data.api_keys import MAX_KEYS
from fieldwright.serving.families import FAMILY_ROUTES
from fieldwright.serving.hosting.champion_state import ChampionState
from fieldwright.serving.hosting.shared_rows import SharedRows

OTHER = "other"
ROUTES = (
    *sorted(
        {"/models", "/metrics", "/livez", "/readyz", *(f"/{r.path.split('/')[1]}" for r in FAMILY_ROUTES)}
    ),
    OTHER,
)
"""All other paths that a client can think of are one: each would be a set of time series of its own."""
STATUSES = (
    *(
        "200",
        "400",
        "401",
        "403",
        "404",
        "405",
        "406",
        "408",
        "413",
        "415",
        "421",
        "422",
        "429",
        "500",
        "503",
        "504",
    ),
    OTHER,
)
BUCKETS = tuple(np.geomspace(0.0005, 30, 20).round(5).tolist())

_columns = count()
REQUESTS = {(route, status): next(_columns) for route in ROUTES for status in STATUSES}
SECONDS = {route: [next(_columns) for _ in (*BUCKETS, "+Inf")] for route in ROUTES}
SECONDS_SUM = {route: next(_columns) for route in ROUTES}
QUERIES, OUTSIDE, CONNECTIONS = (next(_columns) for _ in range(3))
RATES = next(_columns)
"""The first of those by which requests of each API key are limited."""
N_COLUMNS = RATES + 2 * MAX_KEYS


class Metrics:
    """Counts into this worker's row, and tells the sums of all rows. A worker that is replaced goes on in its row."""

    def __init__(self, rows: SharedRows | None = None) -> None:
        self.rows = rows or SharedRows.private(N_COLUMNS)

    def count_request(self, path: str, status: int, seconds: float) -> None:
        route = f"/{path.lstrip('/').partition('/')[0]}"
        route = route if route in SECONDS else OTHER
        column = REQUESTS.get((route, str(status)))
        self.rows.add(REQUESTS[route, OTHER] if column is None else column)
        self.rows.add(SECONDS[route][int(np.searchsorted(BUCKETS, seconds))])
        self.rows.add(SECONDS_SUM[route], seconds)

    def count_queries(self, inside: np.ndarray) -> None:
        """inside: (q,) bool, as in the prediction. A rising share outside the training domain asks for new runs."""
        self.rows.add(QUERIES, len(inside))
        self.rows.add(OUTSIDE, int(np.count_nonzero(~inside)))

    def exposition(self, state: ChampionState) -> bytes:
        """All of it as Prometheus reads it."""
        registry = CollectorRegistry()
        registry.register(_Snapshot(self.rows.sums(), state))
        return generate_latest(registry)


class _Snapshot:
    """What Prometheus' library asks for its numbers."""

    def __init__(self, sums: list[float], state: ChampionState) -> None:
        self._sums, self._state = sums, state

    def collect(self) -> Iterator[Metric]:
        sums = self._sums
        requests = CounterMetricFamily(
            "fieldwright_requests", "Requests by route and HTTP status", labels=["route", "status"]
        )
        for labels, column in REQUESTS.items():
            if sums[column]:
                requests.add_metric(labels, sums[column])
        yield requests
        seconds = HistogramMetricFamily(
            "fieldwright_request_seconds",
            "Time from the arrival of a request to the end of its answer",
            labels=["route"],
        )
        for route, columns in SECONDS.items():
            reached = list(accumulate(sums[column] for column in columns))
            if reached[-1]:
                names = [*map(str, BUCKETS), "+Inf"]
                seconds.add_metric([route], list(zip(names, reached, strict=True)), sums[SECONDS_SUM[route]])
        yield seconds
        yield CounterMetricFamily("fieldwright_queries", "Queries answered", value=sums[QUERIES])
        yield CounterMetricFamily(
            "fieldwright_queries_outside", "Queries outside the training domain", value=sums[OUTSIDE]
        )
        version = GaugeMetricFamily(
            "fieldwright_champion",
            "1 while the version that is served is the one that the registry wants, else 0",
            labels=["served", "wanted"],
        )
        version.add_metric([self._state.served or "", self._state.wanted or ""], float(not self._state.why))
        yield version
        yield GaugeMetricFamily(
            "fieldwright_champion_stale_seconds",
            "For how long the version that is served has not been the one that the registry wants",
            value=self._state.stale_seconds(),
        )


class RequestMetrics:
    """Counts requests and their times by route and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

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
            self._metrics.count_request(scope["path"], status, time.perf_counter() - start)
