"""From the store's Snapshots to the arrays that a surrogate is trained on, with their names and units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import xarray as xr

from fieldwright.data.errors import StudyError
from fieldwright.data.mesh.measures import cell_shares, measured_dimension, point_shares
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.own_meshes.morphing import loss_of
from fieldwright.data.mesh.own_meshes.own_coordinates import COORDINATES, own_mesh
from fieldwright.data.store.field_values import FieldValues
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.measure import MEASURES
from fieldwright.surrogates.trajectory.windows import Windows

_TOGETHER = 16
"""Runs whose coordinates are read at once: they lie in chunks of several on the disk."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Everything to learn from, samples as rows.

    runs: n run names. x: (n, p) parameters. values: field to (n, [t,] points, components): arrays, or
    `FieldValues` where they are more than memory is to hold.
    points: field to (points, 3) coordinates; a scalar has one, without a meaning. cells: meshio type to (k, nodes).
    weights: field to (points,) shares of the mesh, so that their products with values add up to integrals; ones where
    the mesh gives none. Where each run has coordinates of its own, they are the mean of the runs' own shares.
    losses: field to (n, [t,] points, components) of what it has lost on its way to the study's mesh and back, of
    those that were morphed.
    windows: what the rows are where the study forecasts and cuts its runs; else rows are runs.
    """

    runs: tuple[str, ...]
    x: np.ndarray
    values: Mapping[str, Any]
    parameters: tuple[ParameterInfo, ...]
    fields: tuple[FieldInfo, ...]
    points: Mapping[str, np.ndarray]
    cells: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray]
    windows: Windows | None = None
    losses: Mapping[str, Any] = field(default_factory=dict)


def targets_from(
    study: Study, snapshots: xr.Dataset, mesh: Mesh, frozen: Mapping[str, FieldValues] | None = None
) -> Targets:
    """Takes the study's parameters and fields out of the Snapshots, whose runs share the mesh.

    frozen: the values of the fields of these runs where they are not to be held in memory.
    """
    names = [name for name in study.parameters.columns if name in snapshots.coords]
    x = parameter_matrix(study, snapshots)
    parameters = [
        ParameterInfo(name=name, unit=snapshots.coords[name].attrs.get("units", "")) for name in names
    ]
    values, losses, fields, points, weights = {}, {}, [], {}, {}
    # Once for all fields: of a mesh of millions of cells they take seconds and hundreds of MB.
    places = {}
    coordinates = _own_coordinates(study, snapshots, frozen)
    for name, spec in study.outputs.items():
        array = snapshots[name]
        on: Literal["point", "cell", "run"] = (
            "cell" if "cell" in array.dims else "point" if "point" in array.dims else "run"
        )
        component = f"{name}_component"
        components = tuple(map(str, array.coords[component].values)) if component in array.dims else ("",)
        times = tuple(map(float, array.coords["time"].values)) if "time" in array.dims else None
        values[name] = _values_of(snapshots, name, on, frozen)
        if loss_of(name) in snapshots:
            losses[name] = _values_of(snapshots, loss_of(name), on, frozen)
        if on == "run":
            places[on] = np.zeros((1, 3)), np.ones(1), None
        elif on not in places:
            centres = cell_centres(mesh) if on == "cell" else mesh.points
            shares = _shares(mesh, on, coordinates)
            places[on] = centres, shares, MEASURES[measured_dimension(mesh, on)]
        points[name], weights[name], measure = places[on]
        fields.append(
            FieldInfo(
                name=name,
                unit=spec.unit or array.attrs.get("units", ""),
                components=components,
                on=on,
                times=times,
                n_points=len(points[name]),
                measure=measure,
                axis="phase"
                if times and snapshots.coords["time"].attrs.get("standard_name") == "phase"
                else "time",
                places=coordinates is not None and name == COORDINATES,
            )
        )
    runs = tuple(map(str, snapshots.coords["run"].values))
    targets = Targets(
        runs, x, values, tuple(parameters), tuple(fields), points, mesh.cells, weights, losses=losses
    )
    return (
        targets
        if study.time.horizon is None
        else cut_into_windows(targets, study.time.history + study.time.horizon)
    )


def _values_of(
    snapshots: xr.Dataset, name: str, on: str, frozen: Mapping[str, FieldValues] | None
) -> np.ndarray | FieldValues:
    """(n, [t,] points, components) of one variable."""
    if frozen is not None:
        return frozen[name]
    array, component = snapshots[name], f"{name}_component"
    order = dict.fromkeys(("run", "time", on, component))
    block = array.transpose(*(axis for axis in order if axis in array.dims)).values
    block = block if component in array.dims else block[..., None]
    return block[:, None] if on == "run" else block


def _own_coordinates(study: Study, snapshots: xr.Dataset, frozen: Mapping[str, FieldValues] | None) -> Any:
    """(n, points, 3) of the runs, an array or `FieldValues`; None where all runs have those of the study's mesh."""
    if not study.mesh.follows:
        return None
    return snapshots[COORDINATES].values if frozen is None else frozen[COORDINATES]


def _shares(mesh: Mesh, on: str, coordinates: Any) -> np.ndarray:
    """(points,) or (cells,): how much of the part each stands for, the mean over the runs where these differ."""
    shares_of = cell_shares if on == "cell" else point_shares
    if coordinates is None:
        return shares_of(mesh)
    total = np.zeros(mesh.n_cells if on == "cell" else mesh.n_points)
    for start in range(0, len(coordinates), _TOGETHER):
        for places in coordinates[start : start + _TOGETHER]:
            total += shares_of(own_mesh(mesh, places))
    return total / len(coordinates)


def parameter_matrix(study: Study, snapshots: xr.Dataset) -> np.ndarray:
    """The study's parameters of the runs, (n, p), those left out that never vary."""
    columns = [snapshots.coords[name].values for name in study.parameters.columns if name in snapshots.coords]
    return np.column_stack([np.zeros((snapshots.sizes["run"], 0)), *columns]).astype(np.float64)


def cut_into_windows(targets: Targets, length: int) -> Targets:
    """The same runs as windows of so many times, counted from the start of each; raises ModelError."""
    times = [info.times for info in targets.fields]
    if any(times_of_field is None for times_of_field in times):
        raise StudyError(
            "A study with a 'horizon' must have transient fields alone",
            "a steady field",
            "Take 'horizon' out of [time], or the field out of the study",
        )
    windows = Windows.of(
        len(targets.runs), min(len(times_of_field or ()) for times_of_field in times), length
    )
    pairs = zip(windows.run.tolist(), windows.start.tolist(), strict=True)
    fields = []
    for info in targets.fields:
        times_of_field = np.array(info.times or ())[:length]
        fields.append(
            info.model_copy(update={"times": tuple((times_of_field - times_of_field[:1]).tolist())})
        )
    return replace(
        targets,
        runs=tuple(f"{targets.runs[run]}+{start}" for run, start in pairs),
        x=targets.x[windows.run],
        values=windows.cut_all(targets.values),
        fields=tuple(fields),
        windows=windows,
    )


def cell_centres(mesh: Mesh) -> np.ndarray:
    """(c, 3): as the reader gave them, else the mean of each cell's nodes."""
    if mesh.cell_centres is not None:
        return mesh.cell_centres
    return np.concatenate([mesh.points[nodes].mean(axis=1) for nodes in mesh.cells.values()])
