"""How a model of varying shapes is asked, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from fieldwright.serving.fields.openapi import specification
from fieldwright.serving.fields.query import BANDS
from fieldwright.surrogates.shapes.description import ShapeDescription


def shape_specification(description: ShapeDescription) -> dict[str, Any]:
    """OpenAPI 3.0 with the shapes that one model takes."""
    document = specification(description)
    del document["paths"]["/gradients"]
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    content |= {"schema": shape_schema(description), "example": shape_example(description)}
    return document


def shape_schema(description: ShapeDescription) -> dict[str, Any]:
    """The JSON schema of the body of POST /predict, with an example in the middle of the grid."""
    info = description.geometry
    rows, columns = info.shape
    point = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    row = {"type": "array", "items": {"type": "number"}, "minItems": columns, "maxItems": columns}
    image = {"type": "array", "items": row, "minItems": rows, "maxItems": rows}
    fields = {"type": "string", "enum": [field.name for field in description.fields]}
    parameters = {
        "type": "object",
        "required": [one.name for one in description.parameters],
        "properties": {
            one.name: {
                "type": "number",
                "description": f"{one.unit or 'no unit'}, trained from {one.minimum:g} to {one.maximum:g}",
            }
            for one in description.parameters
        },
    }
    unit = f" in {info.unit}" if info.unit else ""
    outline = {"type": "array", "items": point, "description": f"corners of the shape, in order{unit}"}
    return {
        "type": "object",
        "properties": {
            "outline": {"oneOf": [outline, {"type": "array", "items": outline}]},
            "distance": {
                "oneOf": [image, {"type": "array", "items": image}],
                "description": f"signed distance{unit} at {rows} x {columns} points, negative inside; in place of an "
                "outline",
            },
            "parameters": {"oneOf": [parameters, {"type": "array", "items": parameters}]},
            "fields": {"type": "array", "items": fields},
            "band": {"type": "string", "enum": list(BANDS), "default": BANDS[0]},
        },
    }


def shape_example(description: ShapeDescription) -> dict[str, Any]:
    """A request for the flow past a square in the middle of the grid."""
    info = description.geometry
    extent = [step * (count - 1) for step, count in zip(info.spacing, info.shape, strict=True)]
    middle = [start + 0.5 * length for start, length in zip(info.origin, extent, strict=True)]
    half = 0.15 * min(extent)
    corners = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    return {"outline": [[round(middle[1] + half * x, 6), round(middle[0] + half * y, 6)] for x, y in corners]}
