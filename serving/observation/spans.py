"""A span for each request, by OpenTelemetry, sent to a collector as OTLP over HTTP.

The exporter stands here because OpenTelemetry's own comes in packages that MLflow and BentoML do
not bring along; what it sends is encoded by OpenTelemetry's own definitions.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as SentResource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.re import parse_env_headers

from fieldwright.serving.observation.request import Observation

SCOPE = "fieldwright.serving"
HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
TIMEOUT_SECONDS = 10.0
logger = logging.getLogger("bentoml.fieldwright")


class Spans:
    """Records requests. url: of the collector."""

    def __init__(self, url: str) -> None:
        named = os.environ.get("OTEL_SERVICE_NAME") or "service.name" in os.environ.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        # Of its own: what MLflow or BentoML trace by the global one is not the endpoint's.
        self._provider = TracerProvider(
            resource=Resource.create({} if named else {SERVICE_NAME: "fieldwright"})
        )
        self._provider.add_span_processor(BatchSpanProcessor(OtlpExporter(url)))
        self._tracer = self._provider.get_tracer(SCOPE)
        self._propagator = TraceContextTextMapPropagator()

    def record(
        self,
        observation: Observation,
        method: str,
        route: str,
        status: int,
        seconds: float,
        headers: Iterable[tuple[bytes, bytes]],
    ) -> None:
        """Records a request that has just ended, within the trace of the client where it has one."""
        end = time.time_ns()
        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in (b"traceparent", b"tracestate")
        }
        span = self._tracer.start_span(
            f"{method} {route}",
            context=self._propagator.extract(carrier) if carrier else None,
            kind=SpanKind.SERVER,
            start_time=end - int(1e9 * seconds),
            attributes={
                "http.request.method": method,
                "http.route": route,
                "http.response.status_code": status,
                "fieldwright.model": observation.model,
                "fieldwright.version": observation.version,
                "fieldwright.request_id": observation.request_id,
                **({"error.type": observation.reason} if observation.reason else {}),
            },
        )
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        span.end(end)

    def stop(self) -> None:
        """Sends what waits."""
        self._provider.shutdown()


class OtlpExporter(SpanExporter):
    """Sends spans as protobuf; what cannot be sent is said once and lost."""

    def __init__(self, url: str) -> None:
        headers = next((os.environ[name] for name in HEADERS if os.environ.get(name)), "")
        self._url = url
        self._client = httpx.Client(
            timeout=TIMEOUT_SECONDS,
            headers={**parse_env_headers(headers, liberal=True), "Content-Type": "application/x-protobuf"},
        )
        self._failure = ""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        content = encoded(spans)
        try:
            self._client.post(self._url, content=content).raise_for_status()
        except httpx.HTTPError as error:
            if not self._failure:
                logger.error("Spans cannot be sent to the collector and are lost: %s", type(error).__name__)
            self._failure = str(error)
            return SpanExportResult.FAILURE
        self._failure = ""
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._client.close()


def encoded(spans: Sequence[ReadableSpan]) -> bytes:
    """Spans of one resource and one scope as a collector takes them."""
    sent = ResourceSpans(
        resource=SentResource(attributes=_attributes(spans[0].resource.attributes)),
        scope_spans=[ScopeSpans(scope=InstrumentationScope(name=SCOPE), spans=map(_span, spans))],
    )
    return ExportTraceServiceRequest(resource_spans=[sent]).SerializeToString()


def _span(span: ReadableSpan) -> Span:
    context = span.get_span_context()
    assert context is not None
    return Span(
        trace_id=context.trace_id.to_bytes(16, "big"),
        span_id=context.span_id.to_bytes(8, "big"),
        trace_state=context.trace_state.to_header(),
        parent_span_id=b"" if span.parent is None else span.parent.span_id.to_bytes(8, "big"),
        name=span.name,
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=span.start_time or 0,
        end_time_unix_nano=span.end_time or 0,
        attributes=_attributes(span.attributes or {}),
        status=Status(
            code=Status.STATUS_CODE_ERROR
            if span.status.status_code == StatusCode.ERROR
            else Status.STATUS_CODE_UNSET
        ),
    )


def _attributes(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [
        KeyValue(
            key=key,
            value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=str(value)),
        )
        for key, value in attributes.items()
    ]
