"""The symmetries of a study file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from fieldwright.flows.study.section import Section


class Symmetry(Section):
    """A symmetry that the study's equations have: measured of every model, and built in if every run has it."""

    kind: Literal["mirror", "rotation", "translation", "scaling"] = Field(
        description="`mirror` and `rotation` of mesh and field, `translation` of a periodic one, `scaling` of "
        "parameters and fields alone."
    )
    name: str | None = Field(None, description="Name in the metrics; the kind and its axis if left out.")
    axis: Literal["x", "y", "z"] | None = Field(
        None, description="Normal of the mirror, or axis of the rotation (`z` if left out)."
    )
    through: tuple[float, float, float] | None = Field(
        None, description="A point of the plane or the axis; the middle of the mesh if left out."
    )
    degrees: float = Field(180.0, description="Angle of the rotation; it must divide 360 to be built in.")
    shift: tuple[float, float, float] | None = Field(None, description="Of the translation.")
    period: tuple[float, float, float] | None = Field(
        None, description="Lengths of the periodic box, 0 in directions that are not periodic."
    )
    parameters: dict[str, float] = Field(
        default_factory=dict,
        description="Factors of the parameters that change with it: `{ inflow_angle = -1 }`.",
    )
    fields: dict[str, float] = Field(
        default_factory=dict,
        description="The fields that have it, each with its factor: `{ temperature = 2 }` about the field's "
        "`reference`, 1 for most; all with the factor 1 if left out.",
    )
    built_in: bool = Field(
        False,
        description="Whether every run has it by itself: runs are made exactly symmetric before anything is learned, "
        "and so is every prediction. Those that are not nearly so end the pipeline with an error.",
    )
    tolerance: float = Field(
        0.02, gt=0, description="Largest asymmetry, relative to the field, of a run with `built_in`."
    )

    @property
    def label(self) -> str:
        """Its name in the metrics."""
        return self.name or (self.kind if self.axis is None else f"{self.kind}_{self.axis}")

    @model_validator(mode="after")
    def _is_complete(self) -> Symmetry:
        if self.kind == "mirror" and self.axis is None:
            raise ValueError("a mirror needs its normal 'axis'")
        if self.kind == "translation" and self.shift is None:
            raise ValueError("a translation needs its 'shift'")
        if self.kind == "scaling" and not self.parameters:
            raise ValueError("a scaling needs the 'parameters' that it scales")
        if self.built_in and (self.parameters or self.kind in ("scaling", "translation")):
            raise ValueError("only a mirror or a rotation that changes no parameter can be 'built_in'")
        if self.built_in and self.kind == "rotation" and (360.0 / self.degrees) % 1.0:
            raise ValueError("the 'degrees' of a rotation that is built in must divide 360")
        return self
