"""Which model and which route a path names: "/predict", or "/models/<name>/predict" of one of several models."""

from __future__ import annotations

from dataclasses import dataclass

MODELS = "/models"


@dataclass(frozen=True)
class RequestTarget:
    """model: None where the path names none. route: the first part of the path that the model answers."""

    model: str | None
    route: str


def target_of(path: str) -> RequestTarget:
    """The model and the route of a path that is decoded."""
    first, _, further = path.lstrip("/").partition("/")
    if f"/{first}" != MODELS or not further:
        return RequestTarget(None, f"/{first}")
    model, _, further = further.partition("/")
    route = further.partition("/")[0]
    return RequestTarget(model, f"/{route}" if route else MODELS)
