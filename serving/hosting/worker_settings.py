"""What the supervisor tells a worker that it starts, in one variable of the environment."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

import orjson

from fieldwright.serving.limits import ANSWER_SECONDS, STALLED_SECONDS
from fieldwright.serving.observation.logs import LogFormat

VARIABLE = "FIELDWRIGHT_WORKER"


@dataclass(frozen=True)
class Access:
    """Who may ask, and how.

    allowed_hosts: names by which clients may call the endpoint, all where there is "*". auth: whether requests must
    have an API key. tls_cert, tls_key: files in PEM; empty without TLS.
    """

    allowed_hosts: tuple[str, ...] = ("*",)
    auth: bool = False
    tls_cert: str = ""
    tls_key: str = ""


@dataclass(frozen=True)
class Options:
    """How requests are answered and recorded.

    log_format: of log lines. log_requests: whether each request has a line. log_predictions: share of queries that
    are logged with their answers. answer_seconds: for computing one answer, the wait for others included.
    stalled_seconds: after which a client that reads nothing of its answer is cut off. shadow: share of queries that
    the challenger is asked too. corrections: folder in which corrected masks are kept; empty where none are.
    """

    log_format: LogFormat = "lines"
    log_requests: bool = False
    log_predictions: float = 0.0
    answer_seconds: float = ANSWER_SECONDS
    stalled_seconds: float = STALLED_SECONDS
    shadow: float = 0.0
    corrections: str = ""


@dataclass(frozen=True)
class ModelSettings:
    """One model to answer with.

    shelf, pointer: folder and file name. supervisor: file descriptor of the channel to the supervisor. registry_page:
    of the tracking server, empty where no browser can open it.
    """

    model: str
    shelf: str
    pointer: str
    supervisor: int
    registry_page: str = ""


@dataclass(frozen=True)
class WorkerSettings:
    """Which models to answer with, and what the worker inherits.

    listener, numbers: file descriptors. row, rows: of the shared numbers. jobs: file descriptor of an end of the
    passage to the worker that keeps the jobs, which is that of row 0.
    """

    models: tuple[ModelSettings, ...]
    access: Access
    options: Options
    listener: int
    numbers: int
    row: int
    rows: int
    jobs: int

    def environment(self) -> dict[str, str]:
        """For the worker's environment."""
        return {VARIABLE: orjson.dumps(asdict(self)).decode()}

    @classmethod
    def inherited(cls) -> WorkerSettings | None:
        """Those of this process; None where no supervisor has started it."""
        text = os.environ.get(VARIABLE)
        if text is None:
            return None
        document = orjson.loads(text)
        access, options = Access(**document.pop("access")), Options(**document.pop("options"))
        models = tuple(ModelSettings(**one) for one in document.pop("models"))
        return cls(**document, models=models, access=access, options=options)
