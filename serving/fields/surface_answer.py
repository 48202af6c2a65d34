"""The answer of GET /surface: what is seen of a field's mesh, as triangles whose corners have values of the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from scipy.spatial import Delaunay, QhullError

from fieldwright.data.mesh.surface import Surface, outer_surface
from fieldwright.serving.fields.compact_surface import (
    DrawnSurface,
    compact_arrays,
    sides_that_are_edges,
    with_fewer_corners,
)
from fieldwright.serving.fields.surface_options import COMPACT, SurfaceOptions
from fieldwright.serving.forms.reply import Reply
from fieldwright.surrogates.fields.answers.meshes import field_places

if TYPE_CHECKING:
    from fieldwright.serving.fields.served import Served
    from fieldwright.serving.shapes.served_shapes import ServedShapes

FLAT = 1e-6
"""Extents below this share of the largest count as none."""
CELLS, TRIANGULATION, NONE = JOINED = ("cells", "triangulation", "none")


@dataclass(frozen=True, eq=False)
class FieldSurface:
    """What is drawn of a field. axes: along which the mesh extends, within `low` and `high` (3,). joined: by what."""

    drawn: DrawnSurface
    axes: tuple[int, ...]
    low: np.ndarray
    high: np.ndarray
    joined: str


_surfaces: WeakKeyDictionary[Any, dict[str, FieldSurface]] = WeakKeyDictionary()
"""By served version and field: what no query changes is made once, and goes with the version."""


def surface_reply(served: Served | ServedShapes, field: str, options: SurfaceOptions) -> Reply:
    """Corners, the value of the field at each, triangles and edges of corners, in the coding that is asked for.

    Raises QueryError for a field that the model does not have.
    """
    surfaces = _surfaces.setdefault(served, {})
    if field not in surfaces:
        surfaces[field] = field_surface(served, field)
    surface = surfaces[field]
    most = options.corners
    drawn = surface.drawn if most is None else with_fewer_corners(surface.drawn, most)
    header: dict[str, Any] = {
        "model": served.model,
        "version": served.version,
        "field": field,
        "on": served.field(field).on,
        "axes": ["xyz"[axis] for axis in surface.axes],
        "joined": surface.joined,
    }
    if options.coding == COMPACT:
        header |= {"low": surface.low.tolist(), "high": surface.high.tolist()}
        return Reply(header, compact_arrays(drawn, surface.low, surface.high))
    arrays = {
        ("points",): drawn.points,
        ("values",): drawn.values.astype(np.int32),
        ("triangles",): drawn.triangles.astype(np.int32),
        ("edges",): drawn.edges.astype(np.int32),
    }
    return Reply(header, arrays)


def field_surface(served: Served | ServedShapes, field: str) -> FieldSurface:
    """What is seen of the mesh of a field; raises QueryError for one that the model does not have."""
    places, _ = field_places(served.surrogate, field)
    info = served.field(field)
    joined, surface, points = _surface(served, field, places)
    sides, lone = sides_that_are_edges(surface.triangles, surface.edges)
    if joined == NONE:
        corners, values = places, np.arange(len(places))
        triangles, edges = surface.triangles, surface.edges
    elif info.on == "cell" and joined == CELLS:
        # A corner for each cell that it belongs to, since each has a value of its own.
        pairs = np.stack([surface.triangles.ravel(), np.repeat(surface.cell, 3)], axis=1)
        seen, number = np.unique(pairs, axis=0, return_inverse=True)
        triangles = number.reshape(-1, 3)
        first_of_node = np.full(len(points), -1)
        first_of_node[seen[::-1, 0]] = np.arange(len(seen))[::-1]
        edges = first_of_node[surface.edges]
        corners, values = points[seen[:, 0]], seen[:, 1]
    else:
        values = np.unique(np.concatenate([surface.triangles.ravel(), surface.edges.ravel()]))
        number = np.full(len(points), -1)
        number[values] = np.arange(len(values))
        triangles, edges = number[surface.triangles], number[surface.edges]
        corners = points[values]
    extent = np.ptp(places, axis=0) if len(places) else np.zeros(3)
    axes = np.flatnonzero(extent > FLAT * extent.max(initial=0.0)).tolist()
    corners = np.asarray(corners, dtype=np.float64)
    low, high = (corners.min(axis=0), corners.max(axis=0)) if len(corners) else (np.zeros(3), np.zeros(3))
    drawn = DrawnSurface(corners, values, triangles, edges, sides, edges[lone])
    return FieldSurface(drawn, tuple(axes), low, high, joined)


def _surface(
    served: Served | ServedShapes, field: str, places: np.ndarray
) -> tuple[str, Surface, np.ndarray]:
    """How the values of a field are joined, their surface, and the points that it numbers."""
    cells = served.surrogate.cells
    nothing = Surface(np.empty((0, 3), np.int64), np.empty(0, np.int64), np.empty((0, 2), np.int64))
    info = served.field(field)
    if info.on == "point":
        surface = outer_surface(cells)
        if len(surface.edges):
            return CELLS, surface, places
        return _triangulated(places, nothing)
    nodes = [one.name for one in served.description.fields if one.on == "point"]
    if nodes and info.n_points == sum(map(len, cells.values())):
        return CELLS, outer_surface(cells), served.surrogate.points(nodes[0])
    return _triangulated(places, nothing)


def _triangulated(places: np.ndarray, nothing: Surface) -> tuple[str, Surface, np.ndarray]:
    """Bare points of a line or a plane joined with their neighbours; those of a space are left alone."""
    extent = np.ptp(places, axis=0)
    axes = np.flatnonzero(extent > FLAT * extent.max(initial=0.0))
    if len(axes) == 1:
        order = np.argsort(places[:, axes[0]], kind="stable")
        edges = np.stack([order[:-1], order[1:]], axis=1)
        return TRIANGULATION, Surface(nothing.triangles, nothing.cell, edges), places
    if len(axes) == 2:
        try:
            triangles = Delaunay(places[:, axes]).simplices.astype(np.int64)
        except QhullError:
            return NONE, nothing, places
        surface = outer_surface({"triangle": triangles})
        return TRIANGULATION, surface, places
    return NONE, nothing, places
