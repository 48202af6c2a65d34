"""What an endpoint answers: numbers as pandas tables, fields as xarray Datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from fieldwright.library.prediction import STATISTICS

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class EndpointPrediction:
    """What a model predicts for each query.

    Attributes
    ----------
    quantities
        A row for each query, or for each query and time where a quantity has times; columns by quantity and
        statistic: `quantities["max(temperature)", "upper"]`. Units stand in `quantities.attrs["units"]`.
    fields
        Each whole field with axes `statistic` ("mean", "std", "lower", "upper"), `query`, `time`, place and
        component, its unit in its `attrs`, and with the coordinates of the places.
    inside
        (q,) bool, whether each query lies inside the domain of the training runs. Outside, no band can be promised.
    outside
        (q,) how far each query lies from the runs: 1 at the border of the domain, above it outside.
    why
        For each query one sentence on what speaks against trusting its answer, or None.
    coverage
        The probability with which the bands cover a new run.
    model, version
        What has answered.
    """

    quantities: pd.DataFrame
    fields: xr.Dataset
    inside: np.ndarray
    outside: np.ndarray
    why: tuple[str | None, ...]
    coverage: float
    model: str
    version: str


@dataclass(frozen=True, eq=False)
class EndpointGradients:
    """How means change with the parameters.

    Attributes
    ----------
    quantities
        As in a prediction, with columns by quantity and parameter.
    fields
        Each derivative of a whole field, with an axis `parameter`.
    inside
        (q,) bool, whether each query lies inside the domain of the training runs.
    model, version
        What has answered.
    """

    quantities: pd.DataFrame
    fields: xr.Dataset
    inside: np.ndarray
    model: str
    version: str


@dataclass(frozen=True, eq=False)
class EndpointSolution:
    """The solution of an equation at points.

    Attributes
    ----------
    outputs
        A row for each point; columns by output and statistic, "std", "error", "lower" and "upper"
        where they are known.
    derivatives
        A row for each point; columns by derivative and statistic.
    inside
        (n,) bool, whether the equation was solved there.
    why
        For each point why not, or None.
    verdict
        "converged", or the failure that weighs most.
    residual
        That on held-out points.
    model, version
        What has answered.
    """

    outputs: pd.DataFrame
    derivatives: pd.DataFrame
    inside: np.ndarray
    why: tuple[str | None, ...]
    verdict: str
    residual: float
    model: str
    version: str


def prediction_of(
    about: Mapping[str, Any], arrays: Arrays, meshes: Mapping[str, Arrays]
) -> EndpointPrediction:
    """The prediction in an archive of the endpoint; meshes: of its fields, where they are known."""
    times = {name: entry.get("times") for name, entry in about["quantities"].items()}
    columns = {
        (name, statistic): arrays[f"quantities/{name}/{statistic}"]
        for name in about["quantities"]
        for statistic in STATISTICS
    }
    units = {name: entry["unit"] for name, entry in about["quantities"].items()}
    fields = {
        name: np.stack([arrays[f"fields/{name}/{statistic}"] for statistic in STATISTICS])
        for name in about["fields"]
    }
    return EndpointPrediction(
        _table(columns, units, times, ("quantity", "statistic"), len(arrays["inside"])),
        _dataset(fields, about["fields"], "statistic", STATISTICS, meshes),
        arrays["inside"],
        arrays["outside"],
        tuple(about["why"]),
        about["coverage"],
        about["model"],
        about["version"],
    )


def gradients_of(
    about: Mapping[str, Any],
    arrays: Arrays,
    infos: Mapping[str, Mapping[str, Any]],
    meshes: Mapping[str, Arrays],
) -> EndpointGradients:
    """The gradients in an archive of the endpoint; infos: what the model says of its fields."""
    quantities, fields = about["quantities"], about["fields"]
    columns = {
        (name, parameter): arrays[f"quantities/{name}/{parameter}/values"]
        for name, entries in quantities.items()
        for parameter in entries
    }
    units = {
        (name, parameter): entry["unit"]
        for name, entries in quantities.items()
        for parameter, entry in entries.items()
    }
    times = {name: _times_of_quantity(name, infos) for name in quantities}
    parameters = list(next(iter(fields.values()), {}))
    slopes = {
        name: np.stack([arrays[f"fields/{name}/{parameter}/values"] for parameter in parameters])
        for name in fields
    }
    about_fields = {
        name: {**infos[name], "unit": [entry["unit"] for entry in entries.values()]}
        for name, entries in fields.items()
    }
    return EndpointGradients(
        _table(columns, units, times, ("quantity", "parameter"), len(arrays["inside"])),
        _dataset(slopes, about_fields, "parameter", parameters, meshes),
        arrays["inside"],
        about["model"],
        about["version"],
    )


def solution_of(about: Mapping[str, Any], arrays: Arrays) -> EndpointSolution:
    """The solution in an archive of the endpoint."""

    def table(group: str) -> pd.DataFrame:
        columns = {
            (name, statistic): arrays[f"{group}/{name}/{statistic}"]
            for name in about[group]
            for statistic in ("mean", "std", "error", "lower", "upper")
            if f"{group}/{name}/{statistic}" in arrays
        }
        units = {name: entry["unit"] for name, entry in about[group].items()}
        return _table(columns, units, {}, (group[:-1], "statistic"), len(arrays["inside"])).rename_axis(
            index="point"
        )

    return EndpointSolution(
        table("outputs"),
        table("derivatives"),
        arrays["inside"],
        tuple(about["why"]),
        about["verdict"],
        about["residual"],
        about["model"],
        about["version"],
    )


def _times_of_quantity(label: str, infos: Mapping[str, Mapping[str, Any]]) -> Sequence[float] | None:
    """Those of the field that a quantity is read off, by the quantity's label."""
    inner = label.partition("(")[2]
    names = [name for name in infos if inner.startswith((f"{name})", f"{name}.", f"{name},"))]
    return infos[max(names, key=len)]["times"] if names else None


def _table(
    columns: Mapping[tuple[str, str], np.ndarray],
    units: Mapping[Any, str],
    times: Mapping[str, Sequence[float] | None],
    levels: tuple[str, str],
    rows: int,
) -> pd.DataFrame:
    """A row for each query, or for each query and time; numbers without times stand at each of them."""
    index: pd.Index = pd.RangeIndex(rows, name="query")
    every = sorted({time for one in times.values() for time in one or ()})
    values = dict(columns)
    if any(array.ndim > 1 for array in columns.values()):
        index = pd.MultiIndex.from_product([range(rows), every], names=["query", "time"])
        for key, array in columns.items():
            spread = np.full((rows, len(every)), np.nan)
            if array.ndim > 1:
                spread[:, np.searchsorted(every, times[key[0]] or ())] = array
            else:
                spread[:] = array[:, None]
            values[key] = spread.ravel()
    table = pd.DataFrame(values, index)
    table.columns = pd.MultiIndex.from_tuples(values, names=levels) if values else table.columns
    table.attrs["units"] = dict(units)
    return table


def _dataset(
    fields: Mapping[str, np.ndarray],
    about: Mapping[str, Mapping[str, Any]],
    axis: str,
    labels: Sequence[str],
    meshes: Mapping[str, Arrays],
) -> xr.Dataset:
    """Fields (label, query, [time,] place, component) by name, with the coordinates that are known."""
    variables: dict[str, Any] = {}
    coords: dict[str, Any] = {axis: list(labels)} if fields else {}
    sizes: dict[str, Any] = {}

    def dimension(name: str, field: str, values: Any) -> str:
        """The name itself where all fields have the same there, else one of the field."""
        return name if sizes.setdefault(name, values) == values else f"{field}_{name}"

    for name, values in fields.items():
        info = about[name]
        dims = [axis, "query"]
        if info["times"] is not None:
            dims.append(dimension("time", name, tuple(info["times"])))
            coords[dims[-1]] = list(info["times"])
        points = meshes.get(name, {}).get("points")
        place = dimension(
            info["on"], name, values.shape[-2] if points is None else (len(points), points.tobytes())
        )
        dims.append(place)
        if points is not None and len(points) == values.shape[-2]:
            coords |= {f"{place}_{letter}": (place, points[:, k]) for k, letter in enumerate("xyz")}
        components = list(info["components"])
        if components == [""]:
            values = values[..., 0]
        else:
            dims.append(f"{name}_component")
            coords[dims[-1]] = components
        variables[name] = (dims, values, {"units": info["unit"]})
    return xr.Dataset(variables, coords)
