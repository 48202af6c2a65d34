"""A prediction as fields on meshes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.data.output.vtu_file import MeshData
from fieldwright.surrogates.fields.answers.model_of_fields import ModelOfFields
from fieldwright.surrogates.fields.prediction import Prediction


def prediction_meshes(
    model: ModelOfFields,
    prediction: Prediction,
    fields: Sequence[str],
    queried_times: Sequence[float] | None = None,
    own_points: np.ndarray | None = None,
) -> list[MeshData]:
    """The fields of each query at each time, as "<field>", "<field> lower" and so on.

    Quantities and scalars are numbers beside them. queried_times: those that were asked for, None for the trained
    ones. own_points: (q, points, 3) where each answer has a mesh of its own, see `answers.own_points`. Raises
    QueryError where no field is named, or the fields lie on several meshes or have different times.
    """
    scalars = {name: band for name, band in prediction.fields.items() if model.info(name).on == "run"}
    fields = [name for name in fields if name not in scalars]
    points, cells, on = _common_mesh(model, fields)
    if own_points is not None and own_points.shape[1:] != points.shape:
        own_points = None
    times = _common_times(model, fields, queried_times)
    meshes = []
    for k in range(len(prediction.inside)):
        for t, time in enumerate(times):
            data: dict[str, dict[str, np.ndarray]] = {"point": {}, "cell": {}}
            for name in on:
                band = prediction.fields[name]
                steady = model.info(name).times is None
                for statistic, values in vars(band).items():
                    label = name if statistic == "mean" else f"{name} {statistic}"
                    data[on[name]][label] = values[k] if steady else values[k, t]
            numbers = {
                label if statistic == "mean" else f"{label} {statistic}": float(values[k])
                for label, band in prediction.quantities.items()
                for statistic, values in vars(band).items()
                if values.ndim == 1
            }
            for name, band in scalars.items():
                for statistic, values in vars(band).items():
                    numbers[name if statistic == "mean" else f"{name} {statistic}"] = float(values[k].item())
            places = points if own_points is None else own_points[k]
            meshes.append(MeshData(places, cells, data["point"], data["cell"], numbers, k, time))
    return meshes


def field_places(model: ModelOfFields, field: str) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """The points of a field, and the cells that join them; raises QueryError for a scalar, which has none."""
    if model.info(field).on == "run":
        raise QueryError(f"The scalar '{field}' has no mesh", "one number of each run", "Ask for a field")
    points = model.points(field)
    return points, dict(model.cells) if model.info(field).on == "point" else {}


def _common_mesh(
    model: ModelOfFields, names: Sequence[str]
) -> tuple[np.ndarray, Mapping[str, np.ndarray], dict[str, Any]]:
    """Points and cells of one mesh that carries all of the fields, and which of both carries each."""
    if not names:
        raise QueryError("An answer as VTU must hold fields", "none", "Name them in 'fields'")
    infos = {name: model.info(name) for name in names}
    on_points = [info.name for info in model.description.fields if info.on == "point"]
    carrier = next((name for name in names if infos[name].on == "point"), None) or next(iter(on_points), None)
    if carrier is not None:
        points, cells = field_places(model, carrier)
        n_cells = sum(map(len, cells.values()))
        if all(
            np.array_equal(model.points(name), points) if info.on == "point" else n_cells == info.n_points
            for name, info in infos.items()
        ):
            return points, cells, {name: info.on for name, info in infos.items()}
    first, *others = (model.points(name) for name in names)
    if not all(np.array_equal(other, first) for other in others):
        raise QueryError(
            "The fields of an answer as VTU must lie on one mesh",
            f"{' and '.join(names)}, which lie at different places",
            "Ask for them one by one",
        )
    # Centres of cells whose mesh is not known.
    return first, {}, dict.fromkeys(names, "point")


def _common_times(
    model: ModelOfFields, names: Sequence[str], queried_times: Sequence[float] | None
) -> tuple[float | None, ...]:
    """The times of all the fields that have any; one that is None where none has."""
    trained = (model.info(name).times for name in names)
    times = {None if one is None else tuple(queried_times or one) for one in trained} - {None}
    if len(times) > 1:
        raise QueryError(
            "The fields of an answer as VTU must have the same times", "several", "Ask for them one by one"
        )
    return tuple(times.pop() or ()) if times else (None,)
