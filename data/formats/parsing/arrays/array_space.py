"""Where named arrays live: scattered points, the grid over some axes, or a curved grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldwright.data.errors import ReadError
from fieldwright.data.formats.parsing.arrays.grids import axes_mesh, grid_cells
from fieldwright.data.formats.parsing.arrays.named_arrays import ArrayFile, Roles
from fieldwright.data.mesh.mesh import Mesh

# Dimensions of the points and nodes of a cell: meshio's name.
_KINDS = {
    (1, 2): "line", (2, 2): "line", (3, 2): "line", (2, 3): "triangle", (3, 3): "triangle", (2, 4): "quad",
    (3, 4): "tetra", (2, 6): "triangle6", (3, 6): "wedge", (3, 8): "hexahedron", (3, 10): "tetra10",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Space:
    """The coordinates of a file. Raises ReadError where their shapes are not those of points."""

    file: ArrayFile
    roles: Roles

    @cached_property
    def options(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Letters of the space axes and their lengths; two where equally long x and y may be points or a grid."""
        shapes = [self.file.squeezed(name) for name in self.roles.axes.values()]
        if self.roles.points:
            return (("n", (len(self._points),)),)
        if not shapes:
            longest = max(
                (self.file.arrays[name].shape for name in self.roles.others), key=math.prod, default=(0,)
            )
            return (("n", longest[-1:]),)
        if all(len(shape) == 1 for shape in shapes):
            grid = ("".join(self.roles.axes), tuple(shape[0] for shape in shapes))
            return (grid, ("n", shapes[0])) if len(shapes) > 1 and len(set(shapes)) == 1 else (grid,)
        if len(set(shapes)) > 1 or len(shapes[0]) > 3:
            got = ", ".join(f"{name} {self.file.words(name)}" for name in self.roles.axes.values())
            raise self.file.refused("coordinates of one shape", got)
        return (("uvw"[: len(shapes[0])], shapes[0]),)

    @property
    def has_coordinates(self) -> bool:
        """Whether there are coordinates at all."""
        return bool(self.roles.points or self.roles.axes)

    def mesh(self, letters: str) -> Mesh:
        """The mesh of the points that the axes with these letters number."""
        if "n" not in letters and "u" not in letters:
            return axes_mesh(*(self.file.real(name).ravel() for name in self.roles.axes.values()))
        points, cells = self._points, {}
        if self.roles.cells:
            cells = self._cells(len(points), points.shape[1])
        elif "u" in letters:
            shape = self.options[0][1]
            cells = grid_cells(np.arange(len(points)).reshape(shape))
        return Mesh(np.pad(points, ((0, 0), (0, 3 - points.shape[1]))), cells)

    @cached_property
    def _points(self) -> np.ndarray:
        """(n, d) with d up to 3."""
        if not self.has_coordinates:
            return np.arange(float(self.options[0][1][0]))[:, None]
        if not self.roles.points:
            return np.stack([self.file.real(name).ravel() for name in self.roles.axes.values()], axis=1)
        points = self.file.real(self.roles.points)
        points = points if points.ndim > 1 else points[:, None]
        # Rows are points, unless there are only as many rows as dimensions.
        if points.ndim == 2 and points.shape[0] <= 3 < points.shape[1]:
            points = points.T
        if points.ndim != 2 or not 1 <= points.shape[1] <= 3:
            raise self.file.refused(
                "points as rows of 1 to 3 coordinates", self.file.words(self.roles.points)
            )
        return points

    def _cells(self, n_points: int, dimensions: int) -> dict[str, np.ndarray]:
        name = self.roles.cells or ""
        nodes = self.file.arrays[name].values().astype(np.int64)
        if nodes.ndim == 2 and nodes.shape[0] <= 10 < nodes.shape[1]:
            nodes = nodes.T
        kind = _KINDS.get((dimensions, nodes.shape[-1])) if nodes.ndim == 2 else None
        if kind is None:
            raise self.file.refused(f"cells of points in {dimensions} dimensions", self.file.words(name))
        # MATLAB counts from 1.
        first = 1 if nodes.size and nodes.min() == 1 and nodes.max() == n_points else 0
        if nodes.size and not first <= nodes.min() <= nodes.max() < n_points + first:
            raise self.file.refused(f"cells of the {n_points} points", f"node {nodes.max()} in '{name}'")
        return {kind: nodes - first}


def unfit(file: ArrayFile, names: list[str], readings: str) -> ReadError:
    """The error for arrays that fit no meaning or several."""
    shapes = ", ".join(f"{name} {file.words(name)}" for name in file.arrays)
    return ReadError(
        f"The axes of '{names[0]}' in '{file.name}' must be recognisable from the lengths of coordinates and times",
        f"{readings} of the arrays {shapes}",
        "Name the arrays (x, y, t, points, params), or save as NetCDF with named dimensions",
    )
