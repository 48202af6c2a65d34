"""What is recorded of one request while it is answered, wherever it is in the endpoint."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

HEADER = b"x-request-id"
SANE = re.compile(rb"[A-Za-z0-9._:@+=/-]{1,64}")
"""What a client's own id may be: nothing that could break a log line, and no more than it takes to be found again."""


@dataclass(frozen=True, eq=False)
class PredictionSample:
    """Queries of one request that are logged, k of them.

    names: of the parameters. x: (k, p). inside: (k,). quantities: by label (4, k, ...) mean, std, lower and upper.
    pairs: what joins the answers of champion and challenger to the same query; none of an answer alone.
    """

    time: datetime
    names: tuple[str, ...]
    x: np.ndarray
    inside: np.ndarray
    quantities: Mapping[str, np.ndarray]
    pairs: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ShadowedQuery:
    """Some queries of a request with the champion's answer.

    served: the champion. query: these queries. sample: as the log of predictions takes it.
    """

    served: Any
    query: Any
    sample: PredictionSample


@dataclass
class Observation:
    """One request.

    model, version: by which it is answered; empty where no model has part in it. reason: why it was refused.
    inside: (q,) bool, of its queries. widths: of the bands that it was answered with, relative to the range of the
    runs. share: of its queries that are to be logged; sample: those that are. shadow_share, shadowed: the same of
    those that the challenger is asked too.
    """

    request_id: str = field(default_factory=lambda: secrets.token_hex(16))
    model: str = ""
    version: str = ""
    reason: str = ""
    inside: np.ndarray | None = None
    widths: np.ndarray | None = None
    share: float = 0.0
    sample: PredictionSample | None = None
    shadow_share: float = 0.0
    shadowed: ShadowedQuery | None = None


_current: ContextVar[Observation | None] = ContextVar("observation", default=None)


def begin(headers: Iterable[tuple[bytes, bytes]]) -> Observation:
    """The observation of a request that has just arrived, under the id that its client gave it, if that is sane."""
    client_id = next((value for name, value in headers if name == HEADER), b"")
    observation = Observation(client_id.decode()) if SANE.fullmatch(client_id) else Observation()
    _current.set(observation)
    return observation


def current() -> Observation:
    """That of the request that is being answered here; a new one where there is none."""
    return _current.get() or Observation()


def current_id() -> str:
    """Of the request that is being answered here; empty where there is none."""
    observation = _current.get()
    return observation.request_id if observation else ""
