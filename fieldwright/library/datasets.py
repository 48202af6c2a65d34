"""Training runs given as an xarray Dataset, and answers as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from fieldwright.data.errors import ModelError
from fieldwright.library.layout import FieldLayout, Layout, Role
from fieldwright.library.parameters import training_parameters
from fieldwright.library.training_data import TrainingData, numbered_points, padded_to_3d, real_array
from fieldwright.surrogates.fields.description import Description, FieldInfo

CELLS = "cells_"
"""Begins the names of coordinates that hold the nodes of a mesh's cells, as `read` writes them."""


def dataset_of(data: Any) -> xr.Dataset:
    """A DataArray as a Dataset of one field."""
    return data.to_dataset(name=data.name or "y") if isinstance(data, xr.DataArray) else data


def run_axis(dataset: xr.Dataset) -> str:
    """The axis of the runs: "run", or the one first axis of all variables; raises ModelError."""
    if "run" in dataset.dims:
        return "run"
    first = {str(variable.dims[0]) for variable in dataset.data_vars.values() if variable.dims}
    if len(first) != 1:
        raise ModelError(
            "A Dataset must have an axis of the runs, named 'run' or first in all variables",
            f"the axes {', '.join(map(str, dataset.dims)) or '(none)'}",
            "Rename it: dataset.rename(sample='run')",
        )
    return first.pop()


def from_dataset(
    dataset: xr.Dataset,
    x: Any = None,
    *,
    parameters: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> TrainingData:
    """The runs of a Dataset; raises ModelError where it does not hold any.

    Parameters
    ----------
    dataset
        Fields with an axis of runs; an axis "time" are times, an axis whose name ends in "component" components, all
        others are places. The mesh as `read` has it.
    x
        The parameters; None for the numbers along the runs among the coordinates.
    parameters
        Those of them to take; all if None.
    units
        By name, before those of the Dataset.
    """
    run, units = run_axis(dataset), units or {}
    source = dataset.reset_coords(drop=True).assign_coords(dataset.coords).drop_vars(list(dataset.data_vars))
    if parameters is not None:
        source = source.assign({n: dataset[n] for n in parameters if n in dataset.data_vars})
    shared = [n for n, v in source.coords.items() if v.dims == ()]
    names = parameters
    x, infos = training_parameters(source.drop_vars(shared) if x is None else x, names, run, units)
    targets, fields, places, layouts = {}, [], {}, {}
    for name, variable in dataset.data_vars.items():
        if run not in variable.dims or (parameters is not None and name in parameters):
            continue
        variable = variable.transpose(run, ...)
        layout = _layout(variable)
        targets[str(name)] = layout.inward(real_array(variable.values, f"'{name}'"))
        layouts[str(name)] = layout
        places[str(name)] = _points(dataset, layout)
        fields.append(
            FieldInfo(
                name=str(name),
                unit=units.get(str(name), str(variable.attrs.get("units", ""))),
                components=_components(variable, layout),
                on="cell" if "cell" in layout.dims else "point",
                times=_times(variable, layout),
                n_points=layout.size("space"),
            )
        )
    if not fields:
        raise ModelError(
            f"A Dataset must have fields with the axis '{run}'",
            ", ".join(map(str, dataset.data_vars)) or "no variables",
            "Give the fields of all runs as variables",
        )
    placed = all(place is not None for place in places.values())
    dims = dict.fromkeys(name for layout in layouts.values() for name in layout.dims)
    coords = {name: dataset.coords[name].values.tolist() for name in dims if name in dataset.coords}
    filled = {n: numbered_points(layouts[n].size("space")) if p is None else p for n, p in places.items()}
    cells = {str(n)[len(CELLS) :]: v.values for n, v in dataset.coords.items() if str(n).startswith(CELLS)}
    layout = Layout("dataset", layouts, run, coords, placed)
    return TrainingData(x, targets, infos, tuple(fields), filled, cells, layout)


def _layout(variable: xr.DataArray) -> FieldLayout:
    dims = tuple(map(str, variable.dims[1:]))
    roles: list[Role] = []
    for name in dims:
        roles.append("time" if name == "time" else "component" if name.endswith("component") else "space")
    if roles.count("component") > 1:
        raise ModelError(
            f"'{variable.name}' must have one axis of components at most",
            ", ".join(name for name, role in zip(dims, roles, strict=True) if role == "component"),
            "Stack them: dataset.stack(component=[...])",
        )
    return FieldLayout(dims, tuple(roles), tuple(variable.shape[1:]))


def _times(variable: xr.DataArray, layout: FieldLayout) -> tuple[float, ...] | None:
    if "time" not in layout.dims:
        return None
    times = variable["time"].values
    if times.dtype.kind not in "iuf" or not np.isfinite(times).all() or not (np.diff(times) > 0).all():
        raise ModelError(
            f"The times of '{variable.name}' must be rising numbers",
            f"values of type {times.dtype}",
            "Give seconds as numbers: (time - time[0]) / np.timedelta64(1, 's')",
        )
    return tuple(times.astype(float).tolist())


def _components(variable: xr.DataArray, layout: FieldLayout) -> tuple[str, ...]:
    axes = layout.named("component")
    return tuple(map(str, variable[axes[0]].values)) if axes else ("",)


def _points(dataset: xr.Dataset, layout: FieldLayout) -> np.ndarray | None:
    """(points, 3) where the places of a field lie: from coordinates on its axis, or a grid of its axes; else None."""
    axes = layout.named("space")
    if len(axes) == 1:
        for prefix in ("point_", f"{axes[0]}_", ""):
            columns = [dataset.coords.get(f"{prefix}{axis}") for axis in "xyz"]
            on_axis = [column for column in columns if column is not None and column.dims == axes]
            if on_axis:
                zero = np.zeros(dataset.sizes[axes[0]])
                return padded_to_3d(
                    np.column_stack(
                        [
                            zero if column is None or column.dims != axes else column.values
                            for column in columns
                        ]
                    ),
                    len(zero),
                )
    lines = [dataset.coords[axis].values for axis in axes if axis in dataset.coords]
    if (
        not axes
        or len(lines) < len(axes)
        or len(axes) > 3
        or any(one.dtype.kind not in "iuf" for one in lines)
    ):
        return None
    grid = [one.ravel() for one in np.meshgrid(*lines, indexing="ij")]
    # x, y and z by their names, whatever their order.
    lines_of = dict(zip(axes, grid, strict=True))
    if set(axes) <= set("xyz"):
        zero = np.zeros(len(grid[0]))
        return np.column_stack([lines_of.get(axis, zero) for axis in "xyz"]).astype(float)
    return padded_to_3d(np.column_stack(grid[::-1]), len(grid[0]))


def answer_dataset(
    values: Mapping[str, np.ndarray],
    layout: Layout,
    description: Description,
    points: Mapping[str, np.ndarray],
    queries: xr.Dataset,
    times: Sequence[float] | None,
) -> xr.Dataset:
    """Answers with the user's axes (q, ...), by field, on the queries that a Dataset without fields describes."""
    variables: dict[str, Any] = {}
    coords: dict[Any, Any] = dict(queries.coords)
    for name, array in values.items():
        mine, info = layout.fields[name], description.field(name)
        variables[name] = ((layout.run, *mine.dims), array, {"units": info.unit} if info.unit else {})
        for dim, role in zip(mine.dims, mine.roles, strict=True):
            if role == "time":
                coords[dim] = (dim, list(info.times or ()) if times is None else list(times))
            elif dim in layout.coords:
                coords[dim] = (dim, layout.coords[dim])
            elif role == "component":
                coords[dim] = (dim, list(info.components))
        space = mine.named("space")
        if layout.placed and len(space) == 1 and space[0] not in layout.coords:
            coords |= {f"{space[0]}_{axis}": (space[0], points[name][:, i]) for i, axis in enumerate("xyz")}
    return xr.Dataset(variables, coords)


def query_dataset(queries: Any, x: np.ndarray, layout: Layout, description: Description) -> xr.Dataset:
    """The queries (q, p) as coordinates along the runs, with what a user's own Dataset says of them beside."""
    run = layout.run
    coords: dict[Any, Any] = {}
    if isinstance(queries, xr.Dataset):
        coords |= {n: v.variable for n, v in queries.coords.items() if v.dims == (run,)}
    for i, info in enumerate(description.parameters):
        coords[info.name] = (run, x[:, i], {"units": info.unit} if info.unit else {})
    return xr.Dataset(coords=coords)
