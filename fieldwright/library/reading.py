"""Result files as xarray Datasets: `read`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Run, reader_for, reader_named, runs_in, split_address
from fieldwright.data.ingest.inspection import Inspection, inspect_path
from fieldwright.data.ingest.parameters.case_values import table_from_cases
from fieldwright.data.ingest.parameters.contradictions import without_contradictions
from fieldwright.data.ingest.parameters.run_names import table_from_names
from fieldwright.data.ingest.parameters.table import ParameterTable, read_table
from fieldwright.data.ingest.series import read_series
from fieldwright.data.ingest.sources import RunSource, find_runs, table_in_files
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.mesh_difference import difference
from fieldwright.library.datasets import CELLS


def read(path: str | os.PathLike[str], fields: Sequence[str] | None = None) -> xr.Dataset:
    """Reads a result file, the folder of a run, or a folder of runs, in any format that a study takes.

    Parameters
    ----------
    path
        Where it lies: "plate.vtu", an OpenFOAM case, "sweep.npz", "sweep.npz#3", "sweep/".
    fields
        Names of those to read; all if None.

    Returns
    -------
    xarray.Dataset
        Fields with the axes [run,] [time,] point or cell [, <field>_component] and their units in
        `attrs["units"]`; coordinates point_x, point_y, point_z and, of a mesh, cells_<type>. Several runs have the
        axis "run" and their parameters as coordinates, from the table beside them, the file itself, their input files
        or their names: `fit` takes it as it is.

    Raises
    ------
    FieldwrightError
        Nothing can be read there, a run is broken, or the runs differ in mesh, times or fields.
    """
    location = Path(path)
    base, address = split_address(location)
    if address is not None or (base.is_file() and not runs_in(base)):
        run = reader_for(location).read(location, fields)
        return _dataset([run], None, None)
    inspection = inspect_path(location)
    if base.is_file():
        sources = [
            RunSource(f"{location.stem}#{n}", Path(f"{location}#{n}"), (Path(f"{location}#{n}"),))
            for n in inspection.runs
        ]
    else:
        sources = find_runs(inspection.folder, inspection.pattern, inspection.file, inspection.reader)
    reader = reader_named(inspection.reader)
    runs = []
    for source in sources:
        try:
            runs.append(read_series(reader, source.files, fields))
        except ReadError as error:
            if len(sources) == 1:
                raise
            raise ReadError(
                f"Run '{source.name}' must be whole: {error.must}", error.got, error.do
            ) from error
    if len(sources) == 1 and not inspection.in_one_file:
        return _dataset(runs, None, None)
    return _dataset(runs, [source.name for source in sources], _parameters(inspection, sources))


def _parameters(inspection: Inspection, sources: Sequence[RunSource]) -> ParameterTable | None:
    """The parameters of the runs; None where neither a table, a file nor a name gives them."""
    names = [source.name for source in sources]
    if inspection.table is not None:
        table = read_table(
            inspection.table.path, inspection.table.columns, inspection.table.run_column, names
        )
        return without_contradictions(table, sources, inspection.table.path.name)
    if inspection.in_one_file and inspection.parameters:
        return table_in_files(sources, inspection.reader, {one.name: None for one in inspection.parameters})
    if inspection.parameters:
        expressions = {one.name: one.expression for one in inspection.parameters if one.expression}
        return table_from_cases(sources, expressions, {one.name: one.unit for one in inspection.parameters})
    if inspection.names:
        return table_from_names(
            sources, inspection.names, dict.fromkeys(re.findall(r"\{(\w+)\}", inspection.names))
        )
    return None


def _dataset(runs: Sequence[Run], names: Sequence[str] | None, table: ParameterTable | None) -> xr.Dataset:
    """One run without an axis of runs, where `names` is None, or all of them."""
    first = runs[0]
    for name, run in zip(names or (), runs, strict=False):
        _check_alike(name, run, names[0] if names else "", first)
    coords: dict[str, Any] = {}
    if names is not None:
        coords["run"] = ("run", list(names))
        if table is not None:
            coords |= _parameter_coords(names, table)
    if first.times is not None:
        coords["time"] = ("time", first.times, {"units": "s"})
    variables: dict[str, Any] = {}
    for name, one in first.fields.items():
        values = np.stack([run.fields[name].values for run in runs])
        dims = ("run", "time", one.on, f"{name}_component")
        keep = (names is not None, first.times is not None, True, len(one.components) > 1)
        values = values.reshape([n for n, present in zip(values.shape, keep, strict=True) if present])
        axes = tuple(dim for dim, present in zip(dims, keep, strict=True) if present)
        variables[name] = (axes, values, {"units": one.unit} if one.unit else {})
        if len(one.components) > 1:
            coords[dims[-1]] = (dims[-1], list(one.components))
    on = {one.on for one in first.fields.values()}
    coords |= _mesh_coords(first.mesh, "cell" in on)
    notes = tuple(dict.fromkeys(note for run in runs for note in run.notes))
    return xr.Dataset(
        variables, coords, {"mesh": first.mesh.hash} | ({"notes": list(notes)} if notes else {})
    )


def _check_alike(name: str, run: Run, first_name: str, first: Run) -> None:
    """Raises ReadError where a run has another mesh, other times or other fields than the first."""
    got = None
    if not run.mesh.same_as(first.mesh):
        got = difference(run.mesh, first.mesh)
    elif run.fields.keys() != first.fields.keys():
        got = f"the fields {', '.join(run.fields)} instead of {', '.join(first.fields)}"
    elif (run.times is None) != (first.times is None) or (
        run.times is not None
        and first.times is not None
        and (len(run.times) != len(first.times) or not np.allclose(run.times, first.times, rtol=1e-6))
    ):
        got = "other times"
    if got is not None:
        raise ReadError(
            f"Runs that are read together must share mesh, times and fields with '{first_name}'",
            f"{got} in '{name}'",
            "Read it by itself, or bring runs together by the rules of a study: `fieldwright new`",
        )


def _parameter_coords(names: Sequence[str], table: ParameterTable) -> dict[str, Any]:
    rows = {name: table.row(name) for name in names}
    for name, row in rows.items():
        if row is None:
            raise ReadError(
                f"Run '{name}' must have parameters",
                table.problems.get(name, "no row for it"),
                "Complete them, or take the run out of the folder",
            )
    return {
        one: ("run", [row[one] for row in rows.values() if row is not None], {"units": unit} if unit else {})
        for one, unit in zip(table.names, table.units, strict=True)
    }


def _mesh_coords(mesh: Mesh, centres: bool) -> dict[str, Any]:
    coords: dict[str, Any] = {f"point_{axis}": ("point", mesh.points[:, i]) for i, axis in enumerate("xyz")}
    for name, nodes in mesh.cells.items():
        coords[f"{CELLS}{name}"] = ((name, f"{name}_node"), nodes)
    if centres:
        # Here, since what is imported with it would make every reading wait for torch.
        from fieldwright.flows.runs.targets import cell_centres

        coords |= {f"cell_{axis}": ("cell", cell_centres(mesh)[:, i]) for i, axis in enumerate("xyz")}
    return coords
