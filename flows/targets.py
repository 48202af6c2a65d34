"""From the store's Snapshots to what a surrogate learns from: plain arrays, with their names and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from data.mesh import Mesh
from flows.study import Study
from surrogates.description import FieldInfo, ParameterInfo


@dataclass(frozen=True, eq=False)
class Targets:
    """Everything to learn from, samples as rows.

    runs: n run names. x: (n, p) parameters. values: field to (n, [t,] points, components).
    points: field to (points, 3) coordinates. cells: meshio type to (k, nodes).
    """

    runs: tuple[str, ...]
    x: np.ndarray
    values: Mapping[str, np.ndarray]
    parameters: tuple[ParameterInfo, ...]
    fields: tuple[FieldInfo, ...]
    points: Mapping[str, np.ndarray]
    cells: Mapping[str, np.ndarray]


def targets_from(study: Study, snapshots: xr.Dataset, mesh: Mesh) -> Targets:
    """Takes the study's parameters and fields out of the Snapshots, whose runs share the mesh."""
    names = [name for name in study.parameters.columns if name in snapshots.coords]
    x = np.column_stack([snapshots.coords[name].values for name in names]).astype(np.float64)
    parameters = [
        ParameterInfo(name=name, unit=snapshots.coords[name].attrs.get("units", "")) for name in names
    ]
    values, fields, points = {}, [], {}
    for name in study.fields:
        array = snapshots[name]
        on = "cell" if "cell" in array.dims else "point"
        component = f"{name}_component"
        components = tuple(map(str, array.coords[component].values)) if component in array.dims else ("",)
        times = tuple(map(float, array.coords["time"].values)) if "time" in array.dims else None
        order = ["run", *(["time"] if times else []), on, *([component] if component in array.dims else [])]
        block = array.transpose(*order).values
        values[name] = block if component in array.dims else block[..., None]
        points[name] = cell_centres(mesh) if on == "cell" else mesh.points
        fields.append(
            FieldInfo(
                name=name,
                unit=study.fields[name].unit or array.attrs.get("units", ""),
                components=components,
                on=on,
                times=times,
                n_points=len(points[name]),
            )
        )
    runs = tuple(map(str, snapshots.coords["run"].values))
    return Targets(runs, x, values, tuple(parameters), tuple(fields), points, mesh.cells)


def cell_centres(mesh: Mesh) -> np.ndarray:
    """(c, 3): as the reader gave them, else the mean of each cell's nodes."""
    if mesh.cell_centres is not None:
        return mesh.cell_centres
    return np.concatenate([mesh.points[nodes].mean(axis=1) for nodes in mesh.cells.values()])
