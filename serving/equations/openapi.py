"""How the solution of an equation is asked, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from fieldwright.serving.equations.query import ANSWER, MOST_DERIVATIVES, MOST_POINTS, REFUSE
from fieldwright.serving.fields.openapi import about_the_service, document
from fieldwright.surrogates.equations.description import SolutionDescription
from fieldwright.surrogates.fields.description import ParameterInfo


def solution_specification(description: SolutionDescription) -> dict[str, Any]:
    """OpenAPI 3.0 with the coordinates, parameters and outputs of one solution."""
    content = {
        "application/json": {"schema": solution_schema(description), "example": solution_example(description)}
    }
    route = {
        "summary": "The solution at points, with its spread, band and derivatives.",
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"description": "The values, by point.", "content": {"application/json": {}}},
            "4XX": {"description": "One sentence on what is wrong.", "content": {"application/json": {}}},
        },
    }
    return document(description.name, {"/solve": {"post": route}} | about_the_service())


def solution_schema(description: SolutionDescription) -> dict[str, Any]:
    """The JSON schema of the body of POST /solve."""
    d = len(description.coordinates)
    where = "; ".join(_range(info, "solved") for info in description.coordinates)
    parameters = {
        "type": "object",
        "required": [info.name for info in description.parameters],
        "properties": {
            info.name: {"type": "number", "description": _range(info, "trained")}
            for info in description.parameters
        },
    }
    return {
        "type": "object",
        "required": ["points", *(["parameters"] if description.parameters else [])],
        "properties": {
            "points": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_POINTS,
                "items": {"type": "array", "items": {"type": "number"}, "minItems": d, "maxItems": d},
                "description": where,
            },
            "parameters": {"oneOf": [parameters, {"type": "array", "items": parameters}]},
            "units": {"type": "object", "additionalProperties": {"type": "string"}},
            "derivatives": {
                "type": "array",
                "maxItems": MOST_DERIVATIVES,
                "items": {"type": "string"},
                "description": f"such as '{_slope(description)}': an output by coordinates and parameters",
            },
            "outside": {
                "type": "string",
                "enum": [REFUSE, ANSWER],
                "default": REFUSE,
                "description": "whether points outside the domain are refused or answered as outside",
            },
        },
    }


def solution_example(description: SolutionDescription) -> dict[str, Any]:
    """A request for the middle of the domain."""
    point, parameters = (
        [(info.minimum + info.maximum) / 2 for info in infos]
        for infos in (description.coordinates, description.parameters)
    )
    example: dict[str, Any] = {"points": [point], "derivatives": [_slope(description)]}
    if parameters:
        names = [info.name for info in description.parameters]
        example["parameters"] = dict(zip(names, parameters, strict=True))
    return example


def _range(info: ParameterInfo, what: str) -> str:
    return f"{info.name}: {info.unit or 'no unit'}, {what} from {info.minimum:g} to {info.maximum:g}"


def _slope(description: SolutionDescription) -> str:
    return f"{description.outputs[0].name}_{description.coordinates[0].name}"
