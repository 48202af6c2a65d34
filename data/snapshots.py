"""Snapshots: the one layout of fields and parameters, as xarray Datasets.

Dimensions: `run`, `time` (transient runs), `point` and/or `cell`, and `<field>_component` for vectors and
tensors, with the names of the components as coordinate. Parameters are coordinates on `run`, with
attrs["units"]. Scalars of a run have the dimension `run` alone. Of flows that repeat, `time` is a phase, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from fieldwright.data.errors import StoreError
from fieldwright.data.ingest.timebase import TimeRule, common_times, resample_in_time
from fieldwright.data.mesh.measures import cell_weights, point_weights
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.catalogue import RunRecord, StoredField

if TYPE_CHECKING:
    import xarray as xr

Load = Callable[[RunRecord, str], np.ndarray]
"""Reads one field of one run, (t, n, c)."""


def assemble(
    records: Sequence[RunRecord],
    fields: Sequence[str],
    parameters: Sequence[str],
    mesh: Mesh,
    load: Load,
    rule: TimeRule,
) -> xr.Dataset:
    """The Dataset of these runs, all on `mesh`; values stay on disk until asked for (dask, run by run).

    Raises StoreError where a run lacks a field or the times have nothing in common.
    """
    base = common_times([np.array(r.times) if r.times else None for r in records], rule)
    variables, coords = {}, _coords(records, parameters, mesh, base, rule.rule == "periodic")
    for name in fields:
        info = field_of(records, name)
        dims, shape = ["run"], (1,)
        times = base is not None and info.in_time
        if info.on != "run":
            size = mesh.n_points if info.on == "point" else mesh.n_cells
            dims += [*(["time"] if times else []), info.on]
            shape += (*((len(base),) if base is not None and times else ()), size)
        if len(info.components) > 1:
            dims, shape = [*dims, f"{name}_component"], (*shape, len(info.components))
            coords[f"{name}_component"] = (f"{name}_component", list(info.components))
        dtype = np.result_type(*(record.fields[name].dtype for record in records))
        data = _lazy(records, name, load, rule, base, shape, dtype)
        variables[name] = (dims, data, {"units": info.unit} if info.unit else {})
    import xarray as xr

    return xr.Dataset(variables, coords, {"mesh": records[0].mesh, "Conventions": "CF-1.11"})


def _lazy(records, name, load, rule, base, shape, dtype):
    import dask.array as da
    from dask.delayed import delayed

    def one(record: RunRecord) -> np.ndarray:
        values = load(record, name)
        if record.fields[name].in_time:
            times = np.array(record.times) if record.times else None
            values = resample_in_time(values, times, base, rule)
        return values.astype(dtype, copy=False).reshape(shape)

    blocks = [da.from_delayed(delayed(one)(record), shape, dtype) for record in records]
    return da.concatenate(blocks, axis=0)


def _coords(
    records: Sequence[RunRecord],
    parameters: Sequence[str],
    mesh: Mesh,
    base: np.ndarray | None,
    phases: bool,
) -> dict[str, tuple]:
    coords: dict[str, tuple] = {"run": ("run", [r.name for r in records])}
    if base is not None:
        about = {"units": "s", "standard_name": "time"}
        coords["time"] = ("time", base, {"units": "1", "standard_name": "phase"} if phases else about)
    for name in parameters:
        unit = records[0].units.get(name)
        coords[name] = ("run", [r.parameters[name] for r in records], {"units": unit} if unit else {})
    for i, axis in enumerate("xyz"):
        coords[f"point_{axis}"] = ("point", mesh.points[:, i])
    coords["point_weight"] = ("point", point_weights(mesh))
    if mesh.n_cells:
        coords["cell_weight"] = ("cell", cell_weights(mesh))
    return coords


def field_of(records: Sequence[RunRecord], name: str) -> StoredField:
    """The field as all these runs have it; raises StoreError where one lacks it."""
    for record in records:
        if name not in record.fields:
            raise StoreError(
                f"All accepted runs must have the field '{name}'",
                f"run '{record.name}' with the fields {', '.join(record.fields)}",
                "Correct 'fields' in the study file and ingest again",
            )
    return records[0].fields[name]
