"""What is recorded of requests: ids in answers and logs, and numbers with labels that no client can choose."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest

from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.hosting.shared_rows import (
    TEXT_BYTES,
    TEXT_COLUMNS,
    SharedRows,
    decoded_text,
    shared_memory,
)
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.serving.metrics import MOST_VERSIONS, N_COLUMNS, WIDTH_BUCKETS, Metrics
from fieldwright.serving.observation.logs import JsonLines
from fieldwright.serving.observation.request import Observation

ROW = {"heat_flux": 2e4, "thickness": 4.0}
FAR = {"heat_flux": 9e4, "thickness": 4.0}


def numbers(exposition: bytes) -> dict[str, float]:
    lines = [line for line in exposition.decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def send(champion: Champion, metrics: Metrics) -> Callable[..., httpx.Response]:
    """Asks an endpoint of this process that counts into `metrics` and logs its requests."""

    def send(method: str, path: str, current: Champion = champion, **request) -> httpx.Response:
        async def ask() -> httpx.Response:
            app = Endpoint(current, metrics, options=Options(log_requests=True)).app()
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
                return await client.request(method, path, **request)

        return asyncio.run(ask())

    return send


def test_every_answer_has_an_id_and_a_sane_one_of_the_client_stays(send):
    first, second = send("GET", "/models"), send("GET", "/models")
    ids = [reply.headers["x-request-id"] for reply in (first, second)]
    assert ids[0] != ids[1]
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    assert (
        send("GET", "/models", headers={"X-Request-ID": "run-7/a.b"}).headers["x-request-id"] == "run-7/a.b"
    )
    for foreign in ("", "a b", "x" * 65, 'a"b', "a\tb", "ü"):
        reply = send("GET", "/models", headers={"X-Request-ID": foreign.encode()})
        assert re.fullmatch("[0-9a-f]{32}", reply.headers["x-request-id"])


@pytest.mark.parametrize(
    ("method", "path", "request_", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("DELETE", "/models", {}, 405),
        ("POST", "/predict", {"json": {}}, 422),
        ("POST", "/predict", {"content": b"{}"}, 415),
    ],
)
def test_a_refusal_holds_the_id(send, method, path, request_, status):
    reply = send(method, path, headers={"X-Request-ID": "mine"}, **request_)
    assert reply.status_code == status
    assert reply.headers["x-request-id"] == reply.json()["request_id"] == "mine"


def test_log_lines_are_json_with_the_id_and_without_parameters(
    send, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Kept()
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("bentoml.fieldwright")
    logger.addHandler(handler)
    caplog.set_level(logging.INFO, "bentoml.fieldwright")
    broken = Champion(Shelf(Path("nowhere")))
    broken.current = object()  # pyright: ignore[reportAttributeAccessIssue]
    try:
        headers = {"X-Request-ID": "mine", "Authorization": "Bearer fw_secret"}
        send("POST", "/predict?a=1", headers=headers, json={"parameters": {"heat_flux": 12345.678}})
        send("POST", "/predict", headers=headers, json={"parameters": ROW})
        send("GET", "/models", broken, headers=headers)
    finally:
        logger.removeHandler(handler)
    documents = [json.loads(line) for line in lines]
    assert [one["request_id"] for one in documents] == ["mine"] * 4
    assert {"status": 422, "route": "/predict", "reason": "query", "version": ""}.items() <= documents[
        0
    ].items()
    assert {"status": 200, "reason": "", "model": "plate", "version": "7"}.items() <= documents[1].items()
    assert "AttributeError" in documents[2]["traceback"]
    assert documents[3]["reason"] == "defect"
    assert not any(secret in line for line in lines for secret in ("12345", "fw_secret", "20000", "a=1"))


def test_times_are_counted_by_route_and_version_and_refusals_by_reason(
    send, metrics: Metrics, champion: Champion
):
    for document in ({"parameters": ROW}, {"parameters": [ROW, FAR]}, {"parameters": {}}):
        send("POST", "/predict", json=document)
    send("GET", "/models")
    send("GET", "/of/a/client")
    send("POST", "/predict", Champion(Shelf(Path("nowhere"))), json={"parameters": ROW})
    values = numbers(metrics.exposition(champion.state()))
    name = "fieldwright_request_seconds_count"
    assert values[f'{name}{{model="plate",route="/predict",version="7"}}'] == 3
    assert values[f'{name}{{model="",route="/predict",version=""}}'] == 1
    assert values[f'{name}{{model="",route="/models",version=""}}'] == 1
    refusals = {key: value for key, value in values.items() if key.startswith("fieldwright_refusals_total")}
    reasons = {"query": 1, "unknown_path": 1, "no_model": 1}
    assert refusals == {f'fieldwright_refusals_total{{reason="{key}"}}': n for key, n in reasons.items()}
    assert values['fieldwright_outside_share{model=""}'] == pytest.approx(1 / 3)
    assert values['fieldwright_queue_length{size="large"}'] == 0.0
    assert "client" not in "".join(values)


def test_widths_of_bands_are_relative_to_the_range_of_the_runs(
    send, metrics: Metrics, champion: Champion, surrogate
):
    quantities = [{"what": "max", "field": "temperature"}]
    answer = send("POST", "/predict", json={"parameters": [ROW, FAR], "quantities": quantities}).json()
    band = answer["quantities"]["max(temperature)"]
    factors = surrogate.calibration.fields["temperature"]
    widths = (np.array(band["upper"]) - band["lower"]) / (factors.high.max() - factors.low.min())
    values = numbers(metrics.exposition(champion.state()))
    assert values['fieldwright_band_width_sum{model=""}'] == pytest.approx(widths.sum(), rel=1e-9)
    for bound in WIDTH_BUCKETS:
        assert values[f'fieldwright_band_width_bucket{{le="{bound}",model=""}}'] == np.count_nonzero(
            widths <= bound
        )


def test_versions_are_bounded_and_added_over_workers(champion: Champion):
    memory = shared_memory(2, N_COLUMNS)
    workers = [Metrics(SharedRows(memory, 2, N_COLUMNS, row)) for row in range(2)]
    count = "fieldwright_request_seconds_count"

    def versions() -> dict[str, float]:
        values = numbers(workers[0].exposition(champion.state()))
        pattern = re.compile(rf'{count}{{model="plate",route="/predict",version="(\d+)"}}')
        return {match[1]: value for key, value in values.items() if (match := pattern.fullmatch(key))}

    for worker, version in ((0, "1"), (1, "1"), (1, "2")):
        workers[worker].count_request("/predict", 200, 0.01, Observation("", "plate", version))
    assert versions() == {"1": 2, "2": 1}
    # Replaced: its numbers go on.
    workers[1] = Metrics(SharedRows(memory, 2, N_COLUMNS, 1))
    os.close(memory)
    for version in range(2, 2 + MOST_VERSIONS):
        workers[1].count_request("/predict", 200, 0.01, Observation("", "plate", str(version)))
    assert versions() == {"1": 1, "2": 2, **{str(version): 1 for version in range(3, 2 + MOST_VERSIONS)}}


@pytest.mark.parametrize("text", ["", "plate\n12", "ü" * 48, "x" * 200, "模型\n3"])
def test_a_text_is_held_by_numbers(text: str):
    rows = SharedRows.private(TEXT_COLUMNS)
    rows.put_text(0, text)
    assert decoded_text(rows.table()[0]) == text.encode()[:TEXT_BYTES].decode("utf-8", "ignore")
