"""Whether requests are traced: where OpenTelemetry's variables of the environment name a collector."""

from __future__ import annotations

import os

from fieldwright.data.errors import AccessError

COLLECTOR, TRACES_COLLECTOR = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
PROTOCOL = "http/protobuf"


def traces_url() -> str:
    """Where spans are sent; empty where none are. Raises AccessError for what this endpoint does not speak."""
    base = os.environ.get(COLLECTOR, "").rstrip("/")
    url = os.environ.get(TRACES_COLLECTOR, "") or (base and f"{base}/v1/traces")
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    if off or os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none":
        return ""
    if url and not url.startswith(("http://", "https://")):
        raise AccessError(
            f"${COLLECTOR} must be the address of a collector", f"'{url}'", "Give it as http://host:4318"
        )
    protocol = next((os.environ[name] for name in PROTOCOLS if os.environ.get(name)), PROTOCOL)
    if url and protocol != PROTOCOL:
        raise AccessError(
            f"${PROTOCOLS[1]} must be {PROTOCOL}",
            f"'{protocol}'",
            "Leave it out; collectors take it on port 4318",
        )
    return url
