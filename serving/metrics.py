"""What the endpoint counts for Prometheus, in memory that its workers share: any of them tells it for all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, count

import numpy as np
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from fieldwright.data.api_keys import MAX_KEYS
from fieldwright.serving.addresses import target_of
from fieldwright.serving.families import FAMILY_ROUTES
from fieldwright.serving.hosting.champion_state import ChampionState
from fieldwright.serving.hosting.shared_rows import TEXT_COLUMNS, SharedRows, decoded_text
from fieldwright.serving.limits import MOST_MODELS
from fieldwright.serving.observation.request import Observation
from fieldwright.serving.refusal import ALL_REASONS, REASONS

OTHER = "other"
MODEL_ROUTES = tuple(sorted({f"/{route.path.split('/')[1]}" for route in FAMILY_ROUTES}))
"""Those that are answered by a model."""
ROUTES = (*MODEL_ROUTES, "/livez", "/metrics", "/models", "/readyz", OTHER)
"""All other paths that a client can think of are one: each would be a set of time series of its own."""
STATUSES = ("200", "201", "202", *map(str, REASONS), OTHER)
BUCKETS = tuple(np.geomspace(0.0005, 30, 20).round(5).tolist())
WIDTH_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""Widths of bands, in ranges of the runs."""
MOST_VERSIONS = 4
"""For each model, whose times a worker tells apart; the one that it met first gives way to a further one."""
QUEUES = ("small", "large", "jobs")

_columns = count()


def _several(number: int) -> list[int]:
    return [next(_columns) for _ in range(number)]


REQUESTS = {(route, status): next(_columns) for route in ROUTES for status in STATUSES}
REFUSALS = {reason: next(_columns) for reason in ALL_REASONS}
CONNECTIONS, LOG_WRITTEN, LOG_DROPPED = _several(3)
QUERIES, OUTSIDE = _several(MOST_MODELS), _several(MOST_MODELS)
QUEUE = {size: next(_columns) for size in QUEUES}
WIDTHS = [_several(len(WIDTH_BUCKETS) + 2) for _ in range(MOST_MODELS)]
"""By model, like the two above: counts by bucket, and their sum at last."""
SHADOW_QUERIES, SHADOW_FAILURES, SHADOW_BEYOND = (_several(MOST_MODELS) for _ in range(3))
SHADOW_DIFFERENCES = [_several(len(WIDTH_BUCKETS) + 2) for _ in range(MOST_MODELS)]
"""By model: of what the challenger was asked. They belong to the thread that asks it."""
SECONDS = {route: _several(len(BUCKETS) + 2) for route in ROUTES}
"""Of requests in which no model has part: counts by bucket, and their sum at last."""
VERSIONS = [_several(TEXT_COLUMNS) for _ in range(MOST_VERSIONS * MOST_MODELS)]
VERSION_SECONDS = [{route: _several(len(BUCKETS) + 2) for route in MODEL_ROUTES} for _ in VERSIONS]
"""The same of requests that a version answers, whose model and name stand in VERSIONS."""
RATES = next(_columns)
"""The first of those by which requests of each API key are limited."""
N_COLUMNS = RATES + 2 * MAX_KEYS


class Metrics:
    """Counts into this worker's row, and tells the sums of all rows. A worker that is replaced goes on in its row.

    All is counted by the thread of the event loop: two threads that add to one number would lose some.
    """

    def __init__(self, rows: SharedRows | None = None, models: Sequence[str] = ("",)) -> None:
        self._models = list(models)
        self.rows = rows or SharedRows.private(N_COLUMNS)
        row = self.rows.table()[self.rows.row]
        self._slots = {name: slot for slot, name in enumerate(_version_names(row)) if name}

    @staticmethod
    def route_of(path: str) -> str:
        """One of ROUTES: no path of a client becomes a label."""
        route = target_of(path).route
        return route if route in SECONDS else OTHER

    def count_request(self, path: str, status: int, seconds: float, observation: Observation) -> None:
        """A request that has its answer, and what was observed of it."""
        route = self.route_of(path)
        column = REQUESTS.get((route, str(status)))
        self.rows.add(REQUESTS[route, OTHER] if column is None else column)
        columns = SECONDS[route]
        if observation.version and route in MODEL_ROUTES:
            columns = VERSION_SECONDS[self._slot(f"{observation.model}\n{observation.version}")][route]
        self.rows.add(columns[int(np.searchsorted(BUCKETS, seconds))])
        self.rows.add(columns[-1], seconds)
        if observation.reason:
            self.rows.add(REFUSALS[observation.reason])
        index = self._models.index(observation.model) if observation.model in self._models else 0
        if observation.inside is not None:
            self.rows.add(QUERIES[index], len(observation.inside))
            self.rows.add(OUTSIDE[index], int(np.count_nonzero(~observation.inside)))
        if observation.widths is not None:
            numbers = Counter(np.searchsorted(WIDTH_BUCKETS, observation.widths).tolist())
            for bucket, number in numbers.items():
                self.rows.add(WIDTHS[index][bucket], number)
            self.rows.add(WIDTHS[index][-1], float(observation.widths.sum()))

    def count_shadow(
        self,
        model: str,
        queries: int,
        failed: int = 0,
        beyond: int = 0,
        differences: np.ndarray | None = None,
    ) -> None:
        """Queries that the challenger was asked, those that it did not answer, and how its answers differ."""
        index = self._models.index(model) if model in self._models else 0
        self.rows.add(SHADOW_QUERIES[index], queries)
        self.rows.add(SHADOW_FAILURES[index], failed)
        self.rows.add(SHADOW_BEYOND[index], beyond)
        if differences is not None:
            for bucket, number in Counter(np.searchsorted(WIDTH_BUCKETS, differences).tolist()).items():
                self.rows.add(SHADOW_DIFFERENCES[index][bucket], number)
            self.rows.add(SHADOW_DIFFERENCES[index][-1], float(differences.sum()))

    def count_refusal(self, status: int) -> None:
        """A request that was refused before it was read."""
        self.rows.add(REQUESTS[OTHER, str(status)])
        self.rows.add(REFUSALS[REASONS[status]])

    def put_queue(self, size: str, length: int) -> None:
        """How many requests of a size wait for their thread, or are answered by it; or jobs for their process."""
        self.rows.put(QUEUE[size], length)

    def exposition(self, *states: ChampionState) -> bytes:
        """All of it as Prometheus reads it; states: of the models in their order."""
        registry = CollectorRegistry()
        registry.register(_Snapshot(self.rows.table(), dict(zip(self._models, states, strict=True))))
        return generate_latest(registry)

    def _slot(self, name: str) -> int:
        slot = self._slots.get(name)
        if slot is None:
            slot = len(self._slots)
            if slot == MOST_VERSIONS * len(self._models):
                slot = self._slots.pop(next(iter(self._slots)))
            for columns in VERSION_SECONDS[slot].values():
                for column in columns:
                    self.rows.put(column, 0.0)
            self.rows.put_text(VERSIONS[slot][0], name)
            self._slots[name] = slot
        return slot


def _version_names(row: Sequence[float]) -> list[str]:
    return [decoded_text([row[column] for column in columns]) for columns in VERSIONS]


class _Snapshot:
    """What Prometheus' library asks for its numbers."""

    def __init__(self, table: list[list[float]], states: Mapping[str, ChampionState]) -> None:
        self._sums = [sum(column) for column in zip(*table, strict=True)]
        self._table, self._states = table, states

    def collect(self) -> Iterator[Metric]:
        sums = self._sums
        yield _counter(
            "fieldwright_requests", "Requests by route and HTTP status", ["route", "status"], sums, REQUESTS
        )
        refusals = {(reason,): column for reason, column in REFUSALS.items()}
        yield _counter(
            "fieldwright_refusals", "Requests that were refused, by reason", ["reason"], sums, refusals
        )
        yield self._seconds()
        yield from self._by_model()
        yield from self._of_challengers()
        queue = GaugeMetricFamily(
            "fieldwright_queue_length",
            "Requests that wait for a thread or are answered by it, and jobs that wait or run",
            labels=["size"],
        )
        for size, column in QUEUE.items():
            queue.add_metric([size], sums[column])
        yield queue
        logged = {("written",): LOG_WRITTEN, ("dropped",): LOG_DROPPED}
        yield _counter(
            "fieldwright_logged_predictions",
            "Queries sampled for the log of predictions",
            ["outcome"],
            sums,
            logged,
        )

    def _by_model(self) -> Iterator[Metric]:
        sums, label = self._sums, ["model"]
        queries = CounterMetricFamily("fieldwright_queries", "Queries answered", labels=label)
        outside = CounterMetricFamily(
            "fieldwright_queries_outside", "Queries outside the training domain", labels=label
        )
        share = GaugeMetricFamily(
            "fieldwright_outside_share",
            "Share of all queries that lie outside the training domain",
            labels=label,
        )
        widths = HistogramMetricFamily(
            "fieldwright_band_width",
            "Width of bands, relative to the range of the field in the training runs",
            labels=label,
        )
        champion = GaugeMetricFamily(
            "fieldwright_champion",
            "1 while the version that is served is the one that the registry wants, else 0",
            labels=["model", "served", "wanted"],
        )
        stale = GaugeMetricFamily(
            "fieldwright_champion_stale_seconds",
            "For how long the version that is served has not been the one that the registry wants",
            labels=label,
        )
        for index, (model, state) in enumerate(self._states.items()):
            number, beyond = sums[QUERIES[index]], sums[OUTSIDE[index]]
            queries.add_metric([model], number)
            outside.add_metric([model], beyond)
            share.add_metric([model], beyond / max(1.0, number))
            widths.add_metric([model], *_histogram([sums[column] for column in WIDTHS[index]], WIDTH_BUCKETS))
            champion.add_metric([model, state.served or "", state.wanted or ""], float(not state.why))
            stale.add_metric([model], state.stale_seconds())
        return iter((queries, outside, share, widths, champion, stale))

    def _of_challengers(self) -> Iterator[Metric]:
        label = ["model"]
        counters = [
            (
                CounterMetricFamily(f"fieldwright_shadow_{name}", text, labels=label),
                columns,
            )
            for name, text, columns in (
                ("queries", "Queries that the challenger was asked beside the champion", SHADOW_QUERIES),
                ("failures", "Those that the challenger did not answer", SHADOW_FAILURES),
                (
                    "outside_band",
                    "Numbers by which the challenger lies outside the champion's band",
                    SHADOW_BEYOND,
                ),
            )
        ]
        differences = HistogramMetricFamily(
            "fieldwright_shadow_difference",
            "Difference of challenger and champion, relative to the range of the field in the training runs",
            labels=label,
        )
        for index, model in enumerate(self._states):
            if self._sums[SHADOW_QUERIES[index]]:
                for counter, columns in counters:
                    counter.add_metric([model], self._sums[columns[index]])
                numbers = [self._sums[column] for column in SHADOW_DIFFERENCES[index]]
                differences.add_metric([model], *_histogram(numbers, WIDTH_BUCKETS))
        return iter((*(counter for counter, _ in counters), differences))

    def _seconds(self) -> Metric:
        numbers: dict[tuple[str, str, str], list[float]] = {}
        for route, columns in SECONDS.items():
            numbers[route, "", ""] = [self._sums[column] for column in columns]
        versions: dict[tuple[str, str, str], list[list[float]]] = defaultdict(list)
        for row in self._table:
            for slot, name in enumerate(_version_names(row)):
                model, _, version = name.partition("\n")
                for route, columns in VERSION_SECONDS[slot].items() if name else ():
                    versions[route, model, version].append([row[column] for column in columns])
        for labels, rows in versions.items():
            numbers[labels] = [sum(column) for column in zip(*rows, strict=True)]
        seconds = HistogramMetricFamily(
            "fieldwright_request_seconds",
            "Time from the arrival of a request to the end of its answer, by the version that answers it",
            labels=["route", "model", "version"],
        )
        for labels, columns in numbers.items():
            if any(columns):
                seconds.add_metric(labels, *_histogram(columns, BUCKETS))
        return seconds


def _histogram(numbers: Sequence[float], bounds: Sequence[float]) -> tuple[list[tuple[str, float]], float]:
    """Counts up to each bound, and the sum of values; numbers: counts by bucket, and the sum at last."""
    names = [*map(str, bounds), "+Inf"]
    return list(zip(names, accumulate(numbers[:-1]), strict=True)), numbers[-1]


def _counter(
    name: str, text: str, labels: list[str], sums: Sequence[float], columns: Mapping[tuple[str, ...], int]
) -> Metric:
    counter = CounterMetricFamily(name, text, labels=labels)
    for values, column in columns.items():
        if sums[column]:
            counter.add_metric(values, sums[column])
    return counter
