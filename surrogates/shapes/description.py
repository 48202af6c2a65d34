"""What a trained model of varying shapes says of itself, beside what every surrogate says."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from surrogates.description import Description, ParameterInfo

SHAPES = "shape surrogate"
"""What the artifact of a model of varying shapes holds."""


class GeometryInfo(BaseModel):
    """How shapes are given and what the equations allow.

    field: name of the signed distance in the runs, negative inside. unit: of it and of the grid.
    axes: those along which rows of the grid follow each other and points within a row. shape: rows and points of a
    row. origin, spacing: first point and step along each. periodic: axes along which the flow repeats. mirror: axes
    along which a mirrored shape has the mirrored flow. descriptors: what shapes are told apart by, with ranges.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    unit: str = ""
    axes: str
    shape: tuple[int, int]
    origin: tuple[float, float]
    spacing: tuple[float, float]
    periodic: tuple[str, ...] = ()
    mirror: tuple[str, ...] = ()
    descriptors: tuple[ParameterInfo, ...] = ()


class ShapeDescription(Description):
    """A description with the geometry; errors also hold those near the wall, of mass and of symmetries."""

    geometry: GeometryInfo
