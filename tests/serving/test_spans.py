"""Spans of requests, as a collector receives them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from fieldwright.data.errors import AccessError
from fieldwright.serving.endpoint import Endpoint
from fieldwright.serving.hosting.champion import Champion
from fieldwright.serving.observation.spans import Spans
from fieldwright.serving.observation.tracing import COLLECTOR, PROTOCOLS, TRACES_COLLECTOR, traces_url

ROW = {"heat_flux": 2e4, "thickness": 4.0}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@dataclass
class Collector:
    """What has arrived at a local address: path, key and decoded body of each request."""

    url: str = ""
    requests: list[tuple[str, str, ExportTraceServiceRequest]] = field(default_factory=list)


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/x-protobuf"
            message = ExportTraceServiceRequest.FromString(body)
            collector.requests.append((self.path, self.headers["api-key"], message))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield collector
    server.shutdown()
    server.server_close()


def ask(champion: Champion, spans: Spans) -> list[int]:
    async def both() -> list[int]:
        transport = httpx.ASGITransport(Endpoint(champion, spans=spans).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://endpoint") as client:
            headers = {"X-Request-ID": "mine", "traceparent": f"00-{TRACE}-{PARENT}-01"}
            first = await client.post("/predict", json={"parameters": ROW}, headers=headers)
            second = await client.get("/of/a/client", headers={"X-Request-ID": "other"})
            return [first.status_code, second.status_code]

    return asyncio.run(both())


@pytest.fixture(autouse=True)
def no_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (COLLECTOR, TRACES_COLLECTOR, *PROTOCOLS, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)


def test_a_collector_receives_a_span_for_each_request(champion, collector, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(COLLECTOR, f"{collector.url}/")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20secret")
    spans = Spans(traces_url())
    assert ask(champion, spans) == [200, 404]
    spans.stop()
    ((path, key, message),) = collector.requests
    assert (path, key) == ("/v1/traces", "a secret")
    (resource,) = message.resource_spans
    assert {one.key: one.value.string_value for one in resource.resource.attributes}[
        "service.name"
    ] == "fieldwright"
    predicted, unknown = resource.scope_spans[0].spans
    assert (predicted.name, predicted.kind) == ("POST /predict", Span.SPAN_KIND_SERVER)
    assert (predicted.trace_id.hex(), predicted.parent_span_id.hex()) == (TRACE, PARENT)
    assert predicted.end_time_unix_nano > predicted.start_time_unix_nano
    attributes = {one.key: one.value for one in predicted.attributes}
    texts = {key: attributes[f"fieldwright.{key}"].string_value for key in ("model", "version", "request_id")}
    assert texts == {"model": "plate", "version": "7", "request_id": "mine"}
    assert attributes["http.route"].string_value == "/predict"
    assert attributes["http.response.status_code"].int_value == 200
    assert unknown.name == "GET other"
    assert not unknown.parent_span_id
    assert unknown.status.code == Status.STATUS_CODE_UNSET
    assert "client" not in str(message)


def test_without_its_collector_answers_go_on(champion, collector, caplog: pytest.LogCaptureFixture):
    spans = Spans("http://127.0.0.1:1/v1/traces")
    assert ask(champion, spans) == [200, 404]
    spans.stop()
    assert [one.getMessage() for one in caplog.records if "Spans cannot be sent" in one.getMessage()] != []


def test_variables_that_it_does_not_speak_are_refused(monkeypatch: pytest.MonkeyPatch):
    assert traces_url() == ""
    monkeypatch.setenv(COLLECTOR, "127.0.0.1:4317")
    with pytest.raises(AccessError, match="must be the address of a collector"):
        traces_url()
    monkeypatch.setenv(COLLECTOR, "http://127.0.0.1:4317")
    monkeypatch.setenv(PROTOCOLS[1], "grpc")
    with pytest.raises(AccessError, match=r"must be http/protobuf\. Got 'grpc'"):
        traces_url()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert traces_url() == ""


def test_without_a_collector_nothing_is_imported_for_it():
    code = "import sys, fieldwright.serving.service; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    modules = loaded.stdout.split()
    assert "fieldwright.serving.observation.tracing" in modules
    assert not {"fieldwright.serving.observation.spans", "opentelemetry.proto"} & set(modules)
    assert not {"pyarrow", "fieldwright.serving.observation.prediction_writer"} & set(modules)
