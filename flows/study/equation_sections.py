"""The tables of a study file that solves an equation, key by key."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from fieldwright.data.expressions import Expression
from fieldwright.flows.study.promotion_section import PromotionLimits
from fieldwright.flows.study.section import Section

COORDINATES = ("x", "y", "z", "t")


class Range(Section):
    """The range of a coefficient of the equation."""

    minimum: float | None = Field(None, description="Its lower end; the equation's own if left out.")
    maximum: float | None = Field(None, description="Its upper end; the equation's own if left out.")


class MeasuredTable(Section):
    """Measured values that the solution must meet, from a table."""

    table: Path = Field(
        description="CSV or npz, relative to the study file, with a column for every coordinate and varied "
        "coefficient, and one for each output that was measured; an empty cell was not measured."
    )
    noise: float | dict[str, float] | None = Field(
        None,
        description="Standard deviation of the values' noise, in the unit of the output: one number, or one for each "
        "output, `{ u = 0.01 }`. Weight and standard errors follow from it; estimated from the misfit if left out.",
    )


class ReferenceTable(Section):
    """A known solution as a table, to measure errors by alone: nothing is trained on it or promoted by it."""

    table: Path = Field(
        description="CSV or npz, relative to the study file, with a column, or an array, for every coordinate and "
        "varied coefficient and for the outputs that are known; npz also as `points` (n, coordinates and varied "
        "coefficients) and `values` (n, outputs). Where it is given, the errors in report and MLflow are distances "
        "from it."
    )


class SnapshotSection(Section):
    """Snapshots of finished runs that the solution must meet, beside the equation."""

    study: Path = Field(
        description="The study file of these runs, relative to this one; they are read as it says."
    )
    runs: int | None = Field(
        None, ge=1, description="How many of the accepted runs, by name; all if left out."
    )
    values: int = Field(
        500, ge=1, description="Places and times that are drawn of them, spread over all runs by the seed."
    )
    noise: float = Field(
        0.0, ge=0, description="Noise added to them, in shares of each output's spread, to study its effect."
    )
    coordinates: dict[str, str] = Field(
        default_factory=dict,
        description="Each coordinate of the equation as a formula of the runs' x, y, z and t: `x / 0.05`; its own "
        "name if left out.",
    )
    outputs: dict[str, str] = Field(
        default_factory=dict,
        description="Each output as a formula of the runs' fields (`temperature`, `displacement_x`), their "
        "parameters and x, y, z, t; a field of its name if left out, and not measured where there is none.",
    )
    coefficients: dict[str, str] = Field(
        default_factory=dict,
        description="Each coefficient that is varied as a formula of the runs' parameters; a parameter of its "
        "name if left out.",
    )

    @field_validator("coordinates", "outputs", "coefficients")
    @classmethod
    def _formulas_can_be_read(cls, formulas: dict[str, str]) -> dict[str, str]:
        for text in formulas.values():
            Expression.parse(text)
        return formulas


class ProblemPromotion(PromotionLimits):
    """When the best candidate becomes the served champion: it must have converged, and beat the present one."""

    max_error: dict[str, float] = Field(
        default_factory=dict,
        description="Largest relative L2 distance of each named output from the reference, which there must be.",
    )
    allow_no_better: bool = Field(
        False,
        description="Promote even a solution that is no better than a trivial one: no smaller residual than the lift "
        "alone, or all outputs as far from the reference as its mean.",
    )
    min_improvement: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share by which the held-out residual must beat the present champion's: 0.05 is 5 %.",
    )
