"""The operations of a surrogate, and the types of their answers, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

from fieldwright.serving.forms.accept import FIELDS, JSON, MESH, TABLES
from fieldwright.serving.schemas.openapi import COMPUTED, LOADED, Operation, Versioned, forms_of
from fieldwright.surrogates.fields.description import FieldInfo


class Statistics(BaseModel):
    """One predicted thing, by query and by its own axes: time, point or cell, component."""

    unit: str
    shape: list[int] = Field(description="Of each of the arrays.")


class QuantityAnswer(Statistics):
    """A quantity by query, and by time where its field has times."""

    times: list[float] | None
    mean: list[float] | list[list[float]]
    std: list[float] | list[list[float]]
    lower: list[float] | list[list[float]]
    upper: list[float] | list[list[float]]


class FieldAnswer(Statistics):
    """A whole field by query, time where it has times, point or cell, and component."""

    components: list[str]
    on: Literal["point", "cell"]
    times: list[float] | None
    mean: list[list[list[float]]] | list[list[list[list[float]]]]
    std: list[list[list[float]]] | list[list[list[list[float]]]]
    lower: list[list[list[float]]] | list[list[list[list[float]]]]
    upper: list[list[list[float]]] | list[list[list[list[float]]]]


class PredictionAnswer(Versioned):
    """The prediction for every query, in the order of the queries."""

    coverage: float = Field(description="Probability that a band covers the truth of a new run.")
    band: Literal["pointwise", "simultaneous"]
    why: list[str | None] = Field(description="What speaks against trusting the answer to a query.")
    inside: list[bool] = Field(description="Whether each query lies inside the domain of the training runs.")
    outside: list[float] = Field(description="How far from the runs it lies: 1 at the border of the domain.")
    quantities: dict[str, QuantityAnswer]
    fields: dict[str, FieldAnswer]


class Derivative(BaseModel):
    """How a mean changes with one parameter, by query and by the further axes of the thing."""

    unit: str
    values: list[Any]


class GradientsAnswer(Versioned):
    """Derivatives by quantity or field, and by parameter."""

    inside: list[bool] = Field(description="Whether each query lies inside the domain of the training runs.")
    quantities: dict[str, dict[str, Derivative]]
    fields: dict[str, dict[str, Derivative]]


class MeshAnswer(Versioned):
    """Where the values of a field lie."""

    field: str
    on: Literal["point", "cell"]
    points: list[list[float]] = Field(description="Three coordinates of each, in the order of the values.")
    cells: dict[str, list[list[int]]] = Field(description="By meshio's type of cell, indices of points.")


def predict_operation(request: Any, example: Any) -> Operation:
    """POST /predict."""
    summary = "Mean, spread and calibrated band of quantities and fields, for one query or many."
    return Operation(
        "post", "/predict", "predict", summary, forms_of(PredictionAnswer, FIELDS), {JSON: request}, example
    )


def gradients_operation(request: Any, example: Any) -> Operation:
    """POST /gradients."""
    summary = "Derivatives of the mean of quantities and fields with respect to each parameter."
    return Operation(
        "post",
        "/gradients",
        "gradients",
        summary,
        forms_of(GradientsAnswer, TABLES),
        {JSON: request},
        example,
    )


def mesh_operation(fields: Sequence[FieldInfo]) -> Operation:
    """GET /mesh/{field}."""
    names = {"type": "string", "enum": [info.name for info in fields]}
    return Operation(
        "get",
        "/mesh/{field}",
        "mesh",
        "Where the values of a field lie: points and cells.",
        forms_of(MeshAnswer, MESH),
        parameters=[{"name": "field", "in": "path", "required": True, "schema": names}],
        failures=(404, *LOADED, *COMPUTED),
    )
