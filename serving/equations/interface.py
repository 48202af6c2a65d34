"""The operation of the solution of an equation, and the type of its answer, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from fieldwright.serving.forms.accept import JSON, TABLES
from fieldwright.serving.schemas.openapi import Operation, Versioned, forms_of


class OutputAnswer(BaseModel):
    """One output by point; null where nothing is known of its error."""

    unit: str
    mean: list[float]
    std: list[float] | None = Field(description="Spread of the networks.")
    error: list[float] | None = Field(description="Estimated distance from the true solution.")
    lower: list[float] | None
    upper: list[float] | None


class DerivativeAnswer(BaseModel):
    """One derivative by point."""

    unit: str
    mean: list[float]
    std: list[float] | None


class SolutionAnswer(Versioned):
    """The solution at points, in their order."""

    equation: str
    verdict: str = Field(description='"converged", or the failure that weighs most.')
    residual: float
    error_bound: float | None
    inside: list[bool]
    why: list[str | None]
    outputs: dict[str, OutputAnswer]
    derivatives: dict[str, DerivativeAnswer]


def solve_operation(request: Any, example: Any) -> Operation:
    """POST /solve."""
    summary = "The solution at points, with its spread, band and derivatives."
    return Operation(
        "post", "/solve", "solve", summary, forms_of(SolutionAnswer, TABLES), {JSON: request}, example
    )
