"""The parameters of a study file: their columns, sources, formulas and constraints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from fieldwright.data.expressions import Constraint, Expression
from fieldwright.flows.study.section import Section


class Parameter(Section):
    """One input of the surrogate: a column of the table unless said otherwise."""

    unit: str | None = Field(
        None, description="Unit; the one in the table's header, `load [N]`, if left out."
    )
    scale: Literal["auto", "raw", "log", "reciprocal", "fidelity"] = Field(
        "auto",
        description="How it enters the models, where the physics says so: `reciprocal` for a stiffness or a "
        "conductivity under a given load, `log` for a range over decades; `auto` lets left-out runs decide; "
        "`fidelity` for the number that says how fine a run is, greater for finer: `gp` then learns the fine runs "
        "from the coarse ones and their differences.",
    )
    case_file: str | None = Field(
        None,
        description="Where in the run's own files it stands: `constant/transportProperties: nu` (OpenFOAM), "
        "`plate.inp: *ELASTIC[0]` (CalculiX, Abaqus), `params.edp: k`, `case.json: inlet.speed`.",
    )
    minimum: float | None = Field(
        None, description="Least value that `suggest` may ask for; that of the accepted runs if left out."
    )
    maximum: float | None = Field(
        None, description="Largest value that `suggest` may ask for; that of the accepted runs if left out."
    )


class Derived(Section):
    """A formula of the parameters that enters the models as one more input; a text alone is its formula."""

    formula: str = Field(
        description="Of parameters and numbers by + - * / ** and parentheses, without units: "
        "`convection * length / conductivity`, `speed ** 2`."
    )
    replace: bool = Field(
        False, description="Whether its parameters enter the models through such formulas alone."
    )
    scale: Literal["auto", "raw", "log", "reciprocal"] = Field(
        "auto", description="How it enters the models, as of a parameter."
    )


class Parameters(Section):
    """Where the parameter values of each run come from."""

    table: Path | None = Field(
        None, description="CSV, Excel or JSON table, one row per run, relative to the study file."
    )
    in_file: bool = Field(
        False, description="Whether result files that hold many runs give the parameters beside the fields."
    )
    names: str | None = Field(
        None, description="Pattern of the run names that hold parameters: `U{speed}_nu{viscosity}`."
    )
    run_column: str = Field("run", description="Column that holds the run's name.")
    columns: dict[str, Parameter] = Field(
        default_factory=dict, description="The inputs; none only where `[time]` has a `history`."
    )
    constraints: tuple[str, ...] = Field(
        (),
        description="What suggested runs must satisfy besides: `heat_flux / convection <= 150`, of numbers, "
        "parameters, + - * / ** and <, <=, > or >=.",
    )
    derived: dict[str, Derived] = Field(
        default_factory=dict,
        description="Ratios and products that the physics goes by, such as Reynolds' number, by name.",
    )

    @model_validator(mode="after")
    def _one_fidelity(self) -> Parameters:
        fidelities = [name for name, column in self.columns.items() if column.scale == "fidelity"]
        if len(fidelities) > 1:
            raise ValueError(f"only one parameter can have the scale 'fidelity': {', '.join(fidelities)}")
        return self

    @field_validator("derived", mode="before")
    @classmethod
    def _text_is_a_formula(cls, derived: Any) -> Any:
        if not isinstance(derived, dict):
            return derived
        return {name: {"formula": one} if isinstance(one, str) else one for name, one in derived.items()}

    @model_validator(mode="after")
    def _formulas_name_parameters(self) -> Parameters:
        for name, one in self.derived.items():
            if name in self.columns:
                raise ValueError(f"the derived parameter '{name}' needs a name that no parameter has")
            if not Expression.parse(one.formula, self.columns).names:
                raise ValueError(f"the derived parameter '{name}' must be of parameters: '{one.formula}'")
        return self

    @model_validator(mode="after")
    def _constraints_can_be_read(self) -> Parameters:
        for text in self.constraints:
            Constraint.parse(text, self.columns)
        return self

    @model_validator(mode="after")
    def _every_parameter_has_a_source(self) -> Parameters:
        names = set(re.findall(r"\{(\w+)\}", self.names or ""))
        for name, parameter in self.columns.items():
            if parameter.case_file is None and name not in names and not (self.table or self.in_file):
                raise ValueError(
                    f"parameter '{name}' needs a source: a 'table', a place in 'names', its own 'case_file', or "
                    "'in_file'"
                )
        return self
