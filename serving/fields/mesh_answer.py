"""The places of a field's values, and the values at them, for clients that draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.serving.fields.query import Query
from fieldwright.serving.forms.reply import MeshData, Reply
from fieldwright.serving.shapes.query import ShapeQuery
from fieldwright.surrogates.fields.prediction import Prediction

if TYPE_CHECKING:
    from fieldwright.serving.fields.served import Served
    from fieldwright.serving.shapes.served_shapes import ServedShapes


def mesh_reply(served: Served | ServedShapes, field: str) -> Reply:
    """points (n, 3) in the order of the field's values, and cells, meshio's type to (k, nodes) indices.

    Cells join the points of a field on points; raises QueryError for a field that the model does not have.
    """
    points, cells = _places(served, field)
    header = {
        "model": served.model,
        "version": served.version,
        "field": field,
        "on": served.field(field).on,
        "cells": {},
    }
    arrays = {("points",): points} | {("cells", name): nodes for name, nodes in cells.items()}
    return Reply(header, arrays, meshes=lambda: [MeshData(points, cells)])


def prediction_meshes(
    served: Served | ServedShapes, query: Query | ShapeQuery, prediction: Prediction
) -> list[MeshData]:
    """The fields of each query at each time, as "<field>", "<field> lower" and so on, and its quantities as numbers.

    Raises QueryError where no field is named, or the fields lie on several meshes or have different times.
    """
    points, cells, on = _common_mesh(served, query.fields)
    times = _common_times(served, query)
    meshes = []
    for k in range(len(query.x)):
        for t, time in enumerate(times):
            data: dict[str, dict[str, np.ndarray]] = {"point": {}, "cell": {}}
            for name, band in prediction.fields.items():
                steady = served.field(name).times is None
                for statistic, values in vars(band).items():
                    label = name if statistic == "mean" else f"{name} {statistic}"
                    data[on[name]][label] = values[k] if steady else values[k, t]
            numbers = {
                label if statistic == "mean" else f"{label} {statistic}": float(values[k])
                for label, band in prediction.quantities.items()
                for statistic, values in vars(band).items()
                if values.ndim == 1
            }
            meshes.append(MeshData(points, cells, data["point"], data["cell"], numbers, k, time))
    return meshes


def _places(served: Served | ServedShapes, field: str) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """The points of a field, and the cells that join them."""
    points = served.surrogate.points(field)
    return points, dict(served.surrogate.cells) if served.field(field).on == "point" else {}


def _common_mesh(
    served: Served | ServedShapes, names: tuple[str, ...]
) -> tuple[np.ndarray, Mapping[str, np.ndarray], dict[str, Any]]:
    """Points and cells of one mesh that carries all of the fields, and which of both carries each."""
    if not names:
        raise QueryError("An answer as VTU must hold fields", "none", "Name them in 'fields'")
    infos = {name: served.field(name) for name in names}
    on_points = [info.name for info in served.description.fields if info.on == "point"]
    carrier = next((name for name in names if infos[name].on == "point"), None) or next(iter(on_points), None)
    if carrier is not None:
        points, cells = _places(served, carrier)
        n_cells = sum(map(len, cells.values()))
        if all(
            np.array_equal(served.surrogate.points(name), points)
            if info.on == "point"
            else n_cells == info.n_points
            for name, info in infos.items()
        ):
            return points, cells, {name: info.on for name, info in infos.items()}
    first, *others = (served.surrogate.points(name) for name in names)
    if not all(np.array_equal(other, first) for other in others):
        raise QueryError(
            "The fields of an answer as VTU must lie on one mesh",
            f"{' and '.join(names)}, which lie at different places",
            "Ask for them one by one",
        )
    # Centres of cells whose mesh is not known.
    return first, {}, dict.fromkeys(names, "point")


def _common_times(served: Served | ServedShapes, query: Query | ShapeQuery) -> tuple[float | None, ...]:
    """The times of all the fields that have any; one that is None where none has."""
    times = {query.times or served.field(name).times for name in query.fields} - {None}
    if len(times) > 1:
        raise QueryError(
            "The fields of an answer as VTU must have the same times", "several", "Ask for them one by one"
        )
    return tuple(times.pop() or ()) if times else (None,)
