"""The description of a trained model of varying shapes: that of every surrogate, and the geometry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from fieldwright.surrogates.fields.description import Description, ParameterInfo
from fieldwright.surrogates.shapes.descriptors import descriptor_names
from fieldwright.surrogates.shapes.grid import Grid


class GeometryInfo(BaseModel):
    """The grid and unit of the shapes, and the symmetries of the equations.

    field: name of the signed distance in the runs, negative inside. unit: of it and of the grid.
    axes: those along which rows of the grid follow each other and points within a row. shape: rows and points of a
    row. origin, spacing: first point and step along each. periodic: axes along which the flow repeats. mirror: axes
    along which a mirrored shape has the mirrored flow. descriptors: of the shapes, with their ranges.
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

    @classmethod
    def of(
        cls,
        grid: Grid,
        field: str,
        unit: str,
        periodic: Sequence[str],
        mirror: Sequence[str],
        descriptors: np.ndarray,
    ) -> Self:
        """Of a grid, and of training shapes with these descriptors (n, d)."""
        return cls(
            field=field,
            unit=unit,
            axes=grid.axes,
            shape=grid.shape,
            origin=(float(grid.origin[0]), float(grid.origin[1])),
            spacing=(float(grid.spacing[0]), float(grid.spacing[1])),
            periodic=tuple(periodic),
            mirror=tuple(mirror),
            descriptors=ranged([ParameterInfo(name=name) for name in descriptor_names(grid)], descriptors),
        )


class ShapeDescription(Description):
    """A description with the geometry; errors also hold those near the wall, of mass and of symmetries."""

    geometry: GeometryInfo


def ranged(infos: Sequence[ParameterInfo], columns: np.ndarray) -> tuple[ParameterInfo, ...]:
    """Return the infos with the ranges of the columns (n, p)."""
    return tuple(
        info.model_copy(update={"minimum": float(column.min()), "maximum": float(column.max())})
        for info, column in zip(infos, columns.T, strict=True)
    )
