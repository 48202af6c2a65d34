"""The OpenAPI document of an endpoint, made of the models that its requests are read by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from fieldwright.serving.forms.accept import CSV, JSON
from fieldwright.serving.limits import BODY_SECONDS, MAX_BODY_BYTES, MAX_WAITING

OPENAPI = "3.1.0"
REFERENCE = "#/components/schemas/{model}"
TEXT = "text/plain"
TABLE = {"type": "string"}
BINARY = {"type": "string", "format": "binary"}
GATE = (403, 421, 431)
"""Statuses with which any request at all can be refused, before it is looked at."""
WITH_KEY = (401, 429)
"""The same of a route for which a key may be needed."""
LOADED = (406, 422, 500, 503)
"""Statuses with which any question about a model can be refused."""
COMPUTED = (504,)
"""That of a question whose answer is computed, beside."""
WITH_BODY = (400, 408, 413, 415, *COMPUTED)
"""Those of a question with a body, beside."""
FAILURES = {
    400: "The body cannot be decoded: it is no valid JSON or form, or a key stands twice.",
    401: "The request has no API key, or one that is not known.",
    403: "The key does not allow the route or the study, or a page of another site asks.",
    404: "There is no such path.",
    406: "The header 'Accept' leaves out every form in which the answer can be had.",
    408: "The body took too long to arrive.",
    409: "The job is not done, or has failed.",
    413: "The body is too large.",
    415: "The body comes in another media type, or compressed.",
    421: "The endpoint is called by a name that is not its own.",
    422: "The request does not fit the model, or lies where it cannot compute.",
    429: "The key has sent too many requests in this minute; 'Retry-After' says when to send it again.",
    431: "The headers are too large.",
    500: "A defect of the endpoint; its log tells more under the id of the request.",
    503: "No model could be loaded, or too many requests wait already; 'Retry-After' says when to send it again.",
    504: "No answer could be computed in time.",
    507: "What was sent could not be kept on the endpoint's disk.",
}


class Failure(BaseModel):
    """Why a request was not answered."""

    error: str = Field(description="What must hold, what was found, and what to do.")
    request_id: str = Field(description="Of the request, as in the header 'X-Request-ID' and in the log.")


class Versioned(BaseModel):
    """What every answer tells of the model that gave it."""

    model: str = Field(description="Name of the registered model.")
    version: str = Field(description="The version that computed this very answer.")


class ChampionAnswer(BaseModel):
    """Which version is served, which one the registry wants, and why they differ."""

    served: str | None
    wanted: str | None
    since: str | None = Field(description="Since when they differ.")
    why: str | None


class ReadyAnswer(BaseModel):
    """The same of several models, by name."""

    models: dict[str, ChampionAnswer]


class Described(BaseModel):
    """What any model says of itself; its own document says what that is."""

    model_config = ConfigDict(extra="allow")


@dataclass(frozen=True)
class Operation:
    """One method of one path. bodies, answers: by media type a pydantic type, or a JSON schema as a dict.

    name: its operationId. parameters: those of path and query, as OpenAPI has them. failures: the statuses by which
    it is refused, beside those of every request. open: whether it is answered without a key. not_ready: whether it
    answers in the same form, with 503, while no model is loaded. status: of its answer.
    """

    method: Literal["get", "post", "delete"]
    path: str
    name: str
    summary: str
    answers: Mapping[str, Any]
    bodies: Mapping[str, Any] | None = None
    example: Any = None
    parameters: Sequence[dict[str, Any]] = ()
    failures: Sequence[int] = (*LOADED, *WITH_BODY)
    open: bool = False
    not_ready: bool = False
    status: int = 200
    description: str = (
        f"The body may be {MAX_BODY_BYTES // 1024**2} MiB and take {BODY_SECONDS:g} s to arrive; {MAX_WAITING} large "
        "requests may wait."
    )


def forms_of(answer: Any, media_types: Sequence[str]) -> dict[str, Any]:
    """The answers of an operation that answers numbers: JSON of this type, or another form."""
    return {one: answer if one == JSON else TABLE if one == CSV else BINARY for one in media_types}


def specification(
    model: str,
    version: str,
    description: type[BaseModel],
    operations: Sequence[Operation],
    prefix: str = "",
) -> dict[str, Any]:
    """The document of a version of a model.

    description: the type of what the model says of itself. prefix: before all paths, where several models are served.
    """
    common = _of_model(description) if prefix else _common(description)
    title, text = f"Fieldwright: {model}", "A model that answers with calibrated error bars."
    return _document(title, version, text, [*operations, *common], prefix or "/")


def specification_of_several(models: Sequence[str]) -> dict[str, Any]:
    """The document of an endpoint that serves several models, each of which has one of its own."""
    addresses = ", ".join(f"/models/{quote(model, safe='')}/docs.json" for model in models)
    text = f"Models that answer with calibrated error bars; what each of them answers is described at {addresses}."
    return _document("Fieldwright", "1", text, _common(None), "/")


def _document(
    title: str, version: str, text: str, operations: Sequence[Operation], server: str
) -> dict[str, Any]:
    types = [
        (operation.name, mode, entry)
        for operation in operations
        for mode, entries in (("validation", operation.bodies), ("serialization", operation.answers))
        for entry in (entries or {}).values()
        if not isinstance(entry, dict)
    ]
    schemas, shared = TypeAdapter.json_schemas(
        [(name, mode, TypeAdapter(entry)) for name, mode, entry in types]  # type: ignore[misc]
        + [("", "serialization", TypeAdapter(Failure))],
        ref_template=REFERENCE,
    )
    failure = schemas["", "serialization"]

    def content(operation: Operation, mode: Any, entries: Mapping[str, Any]) -> dict[str, Any]:
        return {
            media_type: {"schema": entry if isinstance(entry, dict) else schemas[operation.name, mode]}
            for media_type, entry in entries.items()
        }

    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        entry: dict[str, Any] = {"operationId": operation.name, "summary": operation.summary}
        if operation.parameters:
            entry["parameters"] = list(operation.parameters)
        if operation.bodies is not None:
            bodies = content(operation, "validation", operation.bodies)
            if operation.example is not None:
                bodies[JSON]["example"] = operation.example
            entry["description"] = operation.description
            entry["requestBody"] = {"required": True, "content": bodies}
        entry["responses"] = {
            str(operation.status): {
                "description": "The answer, in the form that the header 'Accept' asks for.",
                "content": content(operation, "serialization", operation.answers),
            }
        } | {
            str(status): {"description": FAILURES[status], "content": {JSON: {"schema": failure}}}
            for status in sorted({*GATE, *(() if operation.open else WITH_KEY), *operation.failures})
        }
        if operation.not_ready:
            schema = entry["responses"][str(operation.status)]["content"][JSON]["schema"]
            entry["responses"]["503"] = {
                "description": "No model is loaded yet.",
                "content": {JSON: {"schema": schema}},
            }
        paths.setdefault(operation.path, {})[operation.method] = entry
    return {
        "openapi": OPENAPI,
        "info": {
            "title": title,
            "version": version,
            "description": text,
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {"schemas": shared["$defs"]},
    }


def _served(description: type[BaseModel], **more: Any) -> type[BaseModel]:
    return create_model(
        "ServedModel",
        __base__=description,
        model=(str, Field(description="Name of the registered model.")),
        version=(str, Field(description="Its version in the registry.")),
        family=(
            str,
            Field(description="Of models: fields, shapes, equations, classification or segmentation."),
        ),
        device=(str, Field(description="Where it computes.")),
        card=(str | None, Field(description="Address of its page in MLflow, where that is a server.")),
        **more,
    )


def _of_model(description: type[BaseModel]) -> list[Operation]:
    """What is answered of one of several models beside its questions."""
    served = _served(description, champion=(ChampionAnswer, ...))
    summary = "200 once the model is loaded, 503 before."
    return [
        Operation(
            "get", "", "model", "What the model is, its errors and version.", {JSON: served}, failures=LOADED
        ),
        Operation(
            "get", "/docs.json", "interface", "This document.", {JSON: {"type": "object"}}, failures=LOADED
        ),
        Operation(
            "get", "/readyz", "ready", summary, {JSON: ChampionAnswer}, failures=(), open=True, not_ready=True
        ),
    ]


def _common(description: type[BaseModel] | None) -> list[Operation]:
    """What every endpoint answers beside its questions; description: None where it serves several models."""
    ready: Any = ChampionAnswer if description is not None else ReadyAnswer
    only = {} if description is None else {"champion": (ChampionAnswer, ...)}
    models: Any = create_model(
        "ServedModels",
        models=(list[_served(description or Described)], ...),  # type: ignore[misc]
        champions=(dict[str, ChampionAnswer], Field(description="By model.")),
        **only,  # type: ignore[arg-type]
        warning=(str, Field("", description="Why the newest version is not the one that is served.")),
    )
    page = {"type": "string"}
    return [
        Operation(
            "get",
            "/models",
            "models",
            "What the model is, its errors and version.",
            {JSON: models},
            failures=LOADED,
        ),
        Operation(
            "get", "/docs.json", "interface", "This document.", {JSON: {"type": "object"}}, failures=LOADED
        ),
        Operation(
            "get",
            "/readyz",
            "ready",
            "200 once all models are loaded, 503 before.",
            {JSON: ready},
            failures=(),
            open=True,
            not_ready=True,
        ),
        Operation(
            "get",
            "/livez",
            "live",
            "Answers 200 while the process lives.",
            {TEXT: page},
            failures=(),
            open=True,
        ),
        Operation(
            "get", "/healthz", "healthy", "Answers 200 once a model is loaded.", {TEXT: page}, failures=()
        ),
        Operation("get", "/metrics", "metrics", "Counters for Prometheus.", {TEXT: page}, failures=()),
    ]
