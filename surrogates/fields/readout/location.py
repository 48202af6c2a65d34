"""Location of a place on the mesh: the corners around it and their linear interpolation weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.spatial import Delaunay

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.fields.functional import Selection

TOLERANCE = 1e-6
"""How far below zero a barycentric coordinate may be, so that places on an edge or a wall count as on the mesh."""

# Simplices of each cell type, by its own node numbers (VTK's order, as meshio has it). Quadratic triangles
# and tetrahedra are split at their mid-side nodes; of other quadratic cells the corners are used.
_QUAD = ((0, 1, 2), (0, 2, 3))
_WEDGE = ((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5))
_HEXAHEDRON = ((0, 1, 3, 4), (1, 2, 3, 6), (1, 3, 4, 6), (3, 4, 6, 7), (1, 4, 5, 6))
_PYRAMID = ((0, 1, 2, 4), (0, 2, 3, 4))
_TETRA10 = (
    *((0, 4, 6, 7), (1, 5, 4, 8), (2, 6, 5, 9), (3, 7, 9, 8)),
    *((4, 5, 6, 9), (4, 6, 7, 9), (4, 7, 8, 9), (4, 8, 5, 9)),
)
SIMPLICES: dict[str, tuple[tuple[int, ...], ...]] = {
    "line": ((0, 1),),
    "line3": ((0, 2), (2, 1)),
    "triangle": ((0, 1, 2),),
    "triangle6": ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5)),
    **dict.fromkeys(("quad", "quad8", "quad9"), _QUAD),
    "tetra": ((0, 1, 2, 3),),
    "tetra10": _TETRA10,
    **dict.fromkeys(("pyramid", "pyramid13", "pyramid14"), _PYRAMID),
    **dict.fromkeys(("wedge", "wedge15", "wedge18"), _WEDGE),
    **dict.fromkeys(("hexahedron", "hexahedron20", "hexahedron27"), _HEXAHEDRON),
}


class Locator:
    """Finds the simplex of a mesh, or of the Delaunay triangulation of bare points, that contains a place.

    Without cells the triangulation fills the convex hull of the points, holes of the part included; that of cell
    centres ends half a cell before the boundary of the mesh.
    """

    def __init__(self, points: np.ndarray, cells: Mapping[str, np.ndarray] | None = None) -> None:
        self.points = points
        extent = np.ptp(points, axis=0)
        self.axes = np.flatnonzero(extent > TOLERANCE * extent.max())
        """The axes along which the mesh extends: places on a planar mesh have two coordinates."""
        self.simplices = self._simplices(cells or {})
        corners = points[:, self.axes][self.simplices]
        self._lower, self._upper = corners.min(axis=1), corners.max(axis=1)

    def _simplices(self, cells: Mapping[str, np.ndarray]) -> np.ndarray:
        split = [
            nodes[:, corners]
            for name, nodes in cells.items()
            for corners in SIMPLICES.get(name, ())
            if len(nodes)
        ]
        if split:
            largest = max(simplex.shape[1] for simplex in split)
            return np.vstack([simplex for simplex in split if simplex.shape[1] == largest])
        if len(self.axes) == 0:
            return np.zeros((1, 1), dtype=np.int64)
        if len(self.axes) == 1:
            order = np.argsort(self.points[:, self.axes[0]], kind="stable")
            return np.stack([order[:-1], order[1:]], axis=1)
        return Delaunay(self.points[:, self.axes]).simplices.astype(np.int64)

    def locate(self, at: tuple[float, ...]) -> Selection:
        """Corners and weights around a place (2 coordinates on a planar mesh, else 3); raises QueryError."""
        place = self._place(at)
        slack = TOLERANCE * (self._upper - self._lower).max(axis=1, initial=0.0)[:, None]
        near = np.all((place >= self._lower - slack) & (place <= self._upper + slack), axis=1)
        for simplex in self.simplices[near]:
            corner = self.points[simplex][:, self.axes]
            edges = (corner[1:] - corner[0]).T
            inner = np.linalg.lstsq(edges, place - corner[0], rcond=None)[0]
            weight = np.array([1.0 - inner.sum(), *inner])
            off = np.linalg.norm(weight @ corner - place)
            if weight.min() >= -TOLERANCE and off <= TOLERANCE * np.abs(edges).max(initial=1e-300):
                weight = weight.clip(0.0)
                return Selection(simplex, weight / weight.sum())
        raise QueryError(
            f"The place of a 'point' quantity must lie on the mesh, within {self._range()}",
            f"({', '.join(f'{coordinate:g}' for coordinate in at)}), which no element contains",
            "Move it onto the part",
        )

    def _place(self, at: tuple[float, ...]) -> np.ndarray:
        place = np.asarray(at, dtype=np.float64)
        if len(place) == 3 and np.isfinite(place).all():
            normal_axes = np.setdiff1d(np.arange(3), self.axes)
            plane = self.points[0, normal_axes]
            if (
                np.abs(place[normal_axes] - plane).max(initial=0.0)
                <= TOLERANCE * np.ptp(self.points, axis=0).max()
            ):
                return place[self.axes]
        elif len(place) == len(self.axes) and np.isfinite(place).all():
            return place
        raise QueryError(
            f"The place of a 'point' quantity must have {len(self.axes)} coordinates, within {self._range()}",
            f"({', '.join(f'{coordinate:g}' for coordinate in at)})",
            "Give a place on the part, in the unit of the mesh",
        )

    def _range(self) -> str:
        lower, upper = self.points.min(axis=0), self.points.max(axis=0)
        return ", ".join(f"{'xyz'[axis]} {lower[axis]:g}..{upper[axis]:g}" for axis in self.axes)
