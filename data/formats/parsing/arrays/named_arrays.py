"""Named arrays of a file, and what their names say they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import ReadError

_POINTS = {"points", "coords", "coordinates", "nodes", "vertices", "xy", "xyz", "grid_points"}
_AXES = {
    "x": "x", "lon": "x", "longitude": "x", "y": "y", "lat": "y", "latitude": "y", "z": "z", "depth": "z",
    "level": "z",
}  # fmt: skip
_TIMES = {"t", "tt", "time", "times"}
_CELLS = {"cells", "connectivity", "elements", "tri", "triangles", "quads", "tets", "tetrahedra", "hexahedra"}
_PARAMETERS = {"params", "parameters", "mu", "theta", "inputs", "design"}


@dataclass(frozen=True, eq=False)
class NamedArray:
    """One array: shape, type, values on demand; names of its dimensions and unit where the file gives them."""

    shape: tuple[int, ...]
    dtype: np.dtype
    values: Callable[..., np.ndarray]
    dimensions: tuple[str, ...] | None = None
    unit: str | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether the array holds numbers and has an axis."""
        return self.dtype.kind in "fiuc" and len(self.shape) > 0


@dataclass(frozen=True, eq=False)
class ArrayFile:
    """The arrays of a file under its name."""

    name: str
    arrays: Mapping[str, NamedArray]

    def real(self, name: str) -> np.ndarray:
        """Values as float64, without axes of length 1."""
        return np.squeeze(self.arrays[name].values().astype(np.float64))

    def squeezed(self, name: str) -> tuple[int, ...]:
        """The shape without axes of length 1: a column of MATLAB is a row of numbers."""
        return tuple(length for length in self.arrays[name].shape if length != 1) or (1,)

    def words(self, name: str) -> str:
        """The shape in words: "100 x 448"."""
        return " x ".join(map(str, self.arrays[name].shape)) or "scalar"

    def refused(self, must: str, got: str) -> ReadError:
        """The error for arrays that are not what their names say, to raise."""
        return ReadError(f"'{self.name}' must hold {must}", got, "Correct the arrays or their names")


@dataclass(frozen=True, eq=False)
class Roles:
    """Names of the arrays by their role; the others are fields or parameters, depending on their shapes."""

    points: str | None
    axes: dict[str, str]
    time: str | None
    cells: str | None
    parameters: str | None
    others: tuple[str, ...]


def roles_of(arrays: Mapping[str, NamedArray]) -> Roles:
    """The role of each array by its name: `points`, `x` or `x-coordinate`, `t`, `triangles`, `params`, ..."""
    name_of_role: dict[str, str] = {}
    axes: dict[str, str] = {}
    roles = {"points": _POINTS, "time": _TIMES, "cells": _CELLS, "parameters": _PARAMETERS}
    for name, array in arrays.items():
        stem = re.sub(r"[-_](coordinates?|grid)$", "", name.rsplit("/", 1)[-1].lower())
        if not array.is_numeric or array.dtype.kind == "c":
            continue
        if stem in _AXES:
            axes.setdefault(_AXES[stem], name)
        for role, names in roles.items():
            # A capital T is a temperature; node numbers are integers.
            if (
                stem not in names
                or (role == "time" and name == "T")
                or (role == "cells" and array.dtype.kind == "f")
            ):
                continue
            name_of_role.setdefault(role, name)
    in_order = {} if "points" in name_of_role else {axis: axes[axis] for axis in "xyz" if axis in axes}
    role_names = {*name_of_role.values(), *in_order.values()}
    others = tuple(name for name, array in arrays.items() if name not in role_names and array.is_numeric)
    points, time, cells, parameters = (name_of_role.get(role) for role in roles)
    return Roles(points, in_order, time, cells, parameters, others)
