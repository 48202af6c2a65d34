"""The OpenAPI description of the endpoint, and the page that shows it, which asks no other host for anything."""

from __future__ import annotations

from typing import Any, get_args

from fieldwright.serving.fields.query import BANDS
from fieldwright.surrogates.fields.description import Description
from fieldwright.surrogates.fields.quantities import Statistic

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Fieldwright</title>
<link rel="stylesheet" href="./static_content/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="./static_content/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "./docs.json", dom_id: "#swagger-ui", validatorUrl: null})</script>
</body>
</html>
"""


def specification(description: Description) -> dict[str, Any]:
    """OpenAPI 3.0 with the parameters and fields of one surrogate."""
    return document(
        description.name,
        {
            "/predict": {"post": _predict(description)},
            "/gradients": {"post": _gradients(description)},
            "/mesh/{field}": {
                "get": _get("Where the values of a field lie: points and cells.", "application/json"),
                "parameters": [
                    {"name": "field", "in": "path", "required": True, "schema": _field_names(description)}
                ],
            },
        }
        | about_the_service(),
    )


def document(name: str, paths: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document of a model's endpoint."""
    return {
        "openapi": "3.0.2",
        "info": {
            "title": f"Fieldwright: {name}",
            "version": "1",
            "description": "A model that answers with calibrated error bars.",
        },
        "paths": paths,
    }


def about_the_service() -> dict[str, Any]:
    """The paths that every endpoint has beside its questions."""
    return {
        "/models": {"get": _get("What the model is, its errors and version.", "application/json")},
        "/readyz": {"get": _get("Answers 200 once a model is loaded.", "text/plain")},
        "/livez": {"get": _get("Answers 200 while the process lives.", "text/plain")},
        "/metrics": {"get": _get("Counters for Prometheus.", "text/plain")},
    }


def _predict(description: Description) -> dict[str, Any]:
    parameters = {
        "type": "object",
        "required": [info.name for info in description.parameters],
        "properties": {
            info.name: {
                "type": "number",
                "description": f"{info.unit or 'no unit'}, trained from {info.minimum:g} to {info.maximum:g}",
                "example": (info.minimum + info.maximum) / 2,
            }
            for info in description.parameters
        },
    }
    field_names = _field_names(description)
    unmeasured = all(field.measure is None for field in description.fields)
    whats = [what for what in get_args(Statistic) if not (unmeasured and what == "integral")]
    quantity = {
        "type": "object",
        "required": ["what", "field"],
        "properties": {
            "what": {"type": "string", "enum": whats},
            "field": field_names,
            "component": {"type": "string", "description": "of a vector or tensor; also 'magnitude'"},
            "at": {"type": "array", "items": {"type": "number"}, "description": "the place of a 'point'"},
        },
    }
    schema = {
        "type": "object",
        "required": ["parameters", *(["history"] if description.history else [])],
        "properties": {
            "parameters": {"oneOf": [parameters, {"type": "array", "items": parameters}]},
            "fields": {"type": "array", "items": field_names},
            "quantities": {"type": "array", "items": quantity},
            "units": {"type": "object", "additionalProperties": {"type": "string"}},
            "times": {
                "type": "array",
                "items": {"type": "number"},
                "description": "of transient fields; between trained times the answer is interpolated",
            },
            "history": {
                "type": "object",
                "required": ["times", "fields"],
                "properties": {
                    "times": {"type": "array", "items": {"type": "number"}},
                    "fields": {"type": "object", "additionalProperties": {"type": "array", "items": {}}},
                },
                "description": f"the {description.history} measured first times of every field, by query, time, "
                "point and component"
                if description.history
                else "this model answers from its parameters alone",
            },
            "band": {
                "type": "string",
                "enum": list(BANDS),
                "default": BANDS[0],
                "description": "whether each value, or all values of a field together, are covered",
            },
        },
    }
    example = {name: about["example"] for name, about in parameters["properties"].items()}
    answer = {"application/json": {}, "application/x-npz": {}}
    return {
        "summary": "Mean, spread and calibrated band of quantities and fields, for one query or many.",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": {"parameters": example}}},
        },
        "responses": {
            "200": {"description": "The prediction.", "content": answer},
            "4XX": {"description": "One sentence on what is wrong.", "content": {"application/json": {}}},
        },
    }


def _gradients(description: Description) -> dict[str, Any]:
    """The same question as a prediction, answered as JSON only."""
    asked = _predict(description)
    answer = {
        "description": "The derivatives, by quantity and parameter.",
        "content": {"application/json": {}},
    }
    return asked | {
        "summary": "Derivatives of the mean of quantities and fields with respect to each parameter.",
        "responses": asked["responses"] | {"200": answer},
    }


def _field_names(description: Description) -> dict[str, Any]:
    return {"type": "string", "enum": [field.name for field in description.fields]}


def _get(summary: str, media_type: str) -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "", "content": {media_type: {}}}}}
