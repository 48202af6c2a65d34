"""Log lines of the endpoint: readable, or one JSON object each; with the id of the request that they are about."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Literal

import orjson

from fieldwright.data.redaction import without_password
from fieldwright.serving.observation.request import current_id

LogFormat = Literal["lines", "json"]
NOISY = ("alembic", "httpx", "mlflow", "uvicorn")
"""Libraries of which warnings alone are of interest."""


def configure_logs(log_format: LogFormat) -> None:
    """Has all that this process logs written to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else _ReadableLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


class _ReadableLines(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s [%(process)d] %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        request_id = current_id()
        line = without_password(super().formatMessage(record))
        return f"{line} (request {request_id})" if request_id else line


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        document = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "process": record.process,
            "message": without_password(record.getMessage()),
        }
        if request_id := current_id():
            document["request_id"] = request_id
        document |= getattr(record, "fields", {})
        if record.exc_info:
            document["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(document, default=str).decode()
