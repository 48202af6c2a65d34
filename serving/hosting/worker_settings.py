"""What the supervisor tells a worker that it starts, in one variable of the environment."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass

import orjson

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
class WorkerSettings:
    """Which model to answer with, and what the worker inherits.

    shelf, pointer: folder and file name. listener, supervisor, numbers: file descriptors. row, rows: of the shared
    numbers.
    """

    model: str
    shelf: str
    pointer: str
    access: Access
    listener: int
    supervisor: int
    numbers: int
    row: int
    rows: int

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
        return cls(**{**document, "access": Access(**document["access"])})
