"""The operations of a surrogate, and the types of their answers, for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from fieldwright.serving.fields.surface_options import option_parameters
from fieldwright.serving.forms.accept import FIELDS, JSON, MESH, NUMBERS, TABLES
from fieldwright.serving.schemas.openapi import COMPUTED, LOADED, Operation, Versioned, forms_of
from fieldwright.serving.schemas.reading import without_default
from fieldwright.surrogates.fields.description import FieldInfo

FieldValues = list[list[list[float]]] | list[list[list[list[float]]]]


def _if_asked() -> Any:
    return Field(default=None, json_schema_extra=without_default)


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
    """A whole field by query, time where it has times, point or cell, and component, in the statistics asked for."""

    components: list[str]
    on: Literal["point", "cell", "run"] = Field(
        description="What carries the values; a scalar is one of the run."
    )
    times: list[float] | None
    mean: FieldValues | SkipJsonSchema[None] = _if_asked()
    std: FieldValues | SkipJsonSchema[None] = _if_asked()
    lower: FieldValues | SkipJsonSchema[None] = _if_asked()
    upper: FieldValues | SkipJsonSchema[None] = _if_asked()


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


class SurfaceAnswer(Versioned):
    """What is seen of the mesh of a field: triangles, each corner of which has a value of the field."""

    field: str
    on: Literal["point", "cell"]
    axes: list[Literal["x", "y", "z"]] = Field(description="Along which the mesh extends.")
    joined: Literal["cells", "triangulation", "none"] = Field(
        description="By what: the cells of the mesh, a triangulation of bare points, or not at all."
    )
    points: list[list[float]] = Field(description="Three coordinates of each corner.")
    values: list[int] = Field(description="Which value of the field each corner has.")
    triangles: list[list[int]] = Field(description="Three corners of each.")
    edges: list[list[int]] = Field(description="Sides of cells, two corners of each.")


class CompactSurfaceAnswer(Versioned):
    """The same in few bytes: entries are differences to the one before, the first to 0; integers wrap round."""

    field: str
    on: Literal["point", "cell"]
    axes: list[Literal["x", "y", "z"]] = Field(description="Along which the mesh extends.")
    joined: Literal["cells", "triangulation", "none"]
    low: list[float] = Field(description="Least coordinates of the corners.")
    high: list[float] = Field(description="Largest coordinates of the corners.")
    points: list[list[int]] = Field(
        description="By axis and corner, modulo 65536: in steps of 1/65535 of the way from low to high."
    )
    values: list[int] = Field(description="Which value of the field each corner has.")
    triangles: list[list[int]] = Field(
        description="First corners as differences; second and third corners less the first of the same triangle."
    )
    sides: list[int] = Field(
        description="Which sides of a triangle are those of cells, in bits: 1 from its first to its second corner, "
        "2 from the second to the third, 4 back."
    )
    lines: list[list[int]] = Field(description="Sides of cells that are no side of a triangle.")


class RunsParameter(BaseModel):
    """One parameter of all training runs."""

    unit: str
    scale: Literal["raw", "log", "reciprocal"] = Field(description="On which it enters the model.")
    values: list[float]


class RunsQuantity(BaseModel):
    """One quantity of all training runs, as it was simulated."""

    unit: str
    times: list[float] | None
    values: list[float] | list[list[float]]


class RunsAnswer(Versioned):
    """The training runs, each array with an entry for each of them."""

    runs: int
    parameters: dict[str, RunsParameter]
    quantities: dict[str, RunsQuantity] = Field(
        description="Maximum, minimum and mean of every field; none in a model of an earlier version."
    )


class HistoryField(BaseModel):
    """The first times of one field."""

    unit: str
    components: list[str]
    on: Literal["point", "cell"]
    values: list[list[list[list[float]]]] = Field(description="By run, time, point or cell, and component.")


class HistoryParameter(BaseModel):
    """One parameter of the same runs."""

    unit: str
    values: list[float]


class HistoriesAnswer(Versioned):
    """Examples of what a forecast goes on from: the first times of some training runs."""

    runs: list[int] = Field(
        description="Which of the training runs, from 0; none in a model of an earlier version, whose one example is "
        "typical of its runs."
    )
    times: list[float]
    parameters: dict[str, HistoryParameter]
    fields: dict[str, HistoryField]


class VarianceShares(BaseModel):
    """Sobol indices of one quantity and one parameter, by time; one of each where the field has no times."""

    first: list[float] = Field(description="Share of the variance that the parameter has by itself.")
    first_std: list[float] = Field(description="Uncertainty of the estimate.")
    total: list[float] = Field(description="The same with all that it does together with others.")
    total_std: list[float]


class QuantitySensitivity(BaseModel):
    """Sobol indices of one quantity."""

    times: list[float] | None
    parameters: dict[str, VarianceShares]


class SensitivitiesAnswer(Versioned):
    """Sobol indices of the model's means, the parameters uniform over the ranges of the runs."""

    samples: int
    quantities: dict[str, QuantitySensitivity]


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


def mesh_operations(fields: Sequence[FieldInfo]) -> list[Operation]:
    """GET /mesh/{field} and GET /surface/{field}."""
    names = {"type": "string", "enum": [info.name for info in fields if info.on != "run"]}
    parameters = [{"name": "field", "in": "path", "required": True, "schema": names}]
    return [
        Operation(
            "get",
            f"/{name}/{{field}}",
            name,
            summary,
            answers,
            parameters=[*parameters, *more],
            failures=(404, *LOADED, *COMPUTED),
        )
        for name, summary, answers, more in (
            ("mesh", "Where the values of a field lie: points and cells.", forms_of(MeshAnswer, MESH), []),
            (
                "surface",
                "What is seen of the mesh of a field from outside, as triangles.",
                forms_of(SurfaceAnswer | CompactSurfaceAnswer, NUMBERS),
                option_parameters(),
            ),
        )
    ]


def runs_operation() -> Operation:
    """GET /runs."""
    return Operation(
        "get",
        "/runs",
        "runs",
        "The training runs: their parameters and simulated quantities.",
        forms_of(RunsAnswer, TABLES),
        failures=(*LOADED, *COMPUTED),
    )


def histories_operation() -> Operation:
    """GET /histories."""
    return Operation(
        "get",
        "/histories",
        "histories",
        "The first times of some training runs, as examples of a history.",
        forms_of(HistoriesAnswer, NUMBERS),
        failures=(*LOADED, *COMPUTED),
    )


def sensitivities_operation(request: Any, example: Any) -> Operation:
    """POST /sensitivities."""
    return Operation(
        "post",
        "/sensitivities",
        "sensitivities",
        "Which parameters quantities depend on, over the ranges of the runs.",
        forms_of(SensitivitiesAnswer, NUMBERS),
        {JSON: request},
        example,
    )
