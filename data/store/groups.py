"""Zarr groups of the store, one per run and one per mesh: how they are written and read.

Plain Zarr 3 with CF and UGRID names: `xarray.open_zarr` opens each group without this code.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.disk import fault, is_gone
from fieldwright.data.errors import DamagedError, StoreError
from fieldwright.data.formats import Run
from fieldwright.data.mesh.measures import dimension
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.store.catalogue import RunRecord, StoredField, record_of, record_to_json
from fieldwright.data.store.chunks import Chunks, write_group

RUNS, MESHES = "runs", "meshes"
# Chunks of about 8 MB: large enough that opening a chunk costs little beside reading it.
_CHUNK_BYTES = 8 << 20
_UGRID = {1: "edge", 2: "face", 3: "volume"}


def write_run(path: Path, run: Run, record: RunRecord) -> None:
    """Writes one run as a group: fields (time, point or cell, component), time, parameters as scalars."""
    about_run = {
        "Conventions": "CF-1.11",
        "title": record.name,
        "source": f"{record.reader} {record.reader_version}".strip(),
        "coordinates": " ".join(record.parameters),
        "mesh": f"{MESHES}/{record.mesh}",
        "record": json.dumps(record_to_json(record)),
    }
    arrays = {}
    transient = bool(record.times)
    for name, field in run.fields.items():
        dims, values = [] if field.on == "run" else [field.on], field.values
        if field.on == "run":
            values = values[:, 0]
        if len(field.components) > 1:
            dims.append(f"{name}_component")
        else:
            values = values[..., 0]
        if transient and record.fields[name].in_time:
            dims.insert(0, "time")
        else:
            values = values[0]
        about = {"units": field.unit, "components": list(field.components), "mesh": record.mesh}
        arrays[name] = _write(path / name, values, tuple(dims), **about)
    if transient:
        times = np.asarray(record.times)
        arrays["time"] = _write(path / "time", times, ("time",), units="s", standard_name="time")
    for name, value in record.parameters.items():
        number = np.array(value, dtype=np.float64)
        arrays[name] = _write(path / name, number, (), units=record.units.get(name))
    write_group(path, about_run, arrays)


def read_record(path: Path) -> RunRecord:
    """The catalogue's record of a run, from the group itself. Raises StoreError where it is damaged."""
    try:
        return record_of(json.loads(_attributes(path)["record"]))
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error


def read_field(path: Path, name: str, info: StoredField) -> np.ndarray:
    """Values (t, n, c) of one field of one run. Raises StoreError where a chunk is lost or altered."""
    array = read_array(path, name)
    if array.dtype.str != info.dtype:
        raise damaged(path / name, TypeError(f"{array.dtype.str} where {info.dtype} was written"))
    if info.on == "run":
        return array.reshape(1, 1, -1)
    if len(info.components) == 1:
        array = array[..., None]
    return array if array.ndim == 3 else array[None]


def read_array(path: Path, name: str) -> np.ndarray:
    """An array of a group, every chunk checked against its sum. Raises StoreError where it is damaged."""
    try:
        return Chunks(path / name).read()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise damaged(path / name, error) from error


def write_mesh(path: Path, mesh: Mesh) -> None:
    """Writes a mesh as a group in UGRID's terms: one topology per cell type over the same nodes."""
    arrays = {}
    for i, axis in enumerate("xyz"):
        name = f"node_{axis}"
        arrays[name] = _write(path / name, mesh.points[:, i], ("point",), axis=axis.upper())
        if mesh.cell_centres is not None:
            name = f"cell_{axis}"
            arrays[name] = _write(path / name, mesh.cell_centres[:, i], ("cell",), axis=axis.upper())
    for kind, nodes in mesh.cells.items():
        name = f"cells_{kind}"
        arrays[name] = _write(path / name, nodes, (kind, f"{kind}_node"), start_index=0)
        if dimension(kind) in _UGRID:
            topology = {
                "cf_role": "mesh_topology",
                "topology_dimension": dimension(kind),
                "node_coordinates": "node_x node_y node_z",
                f"{_UGRID[dimension(kind)]}_node_connectivity": name,
            }
            name = f"mesh_{kind}"
            arrays[name] = _write(path / name, np.array(0, dtype=np.int32), (), **topology)
    if mesh.cell_volumes is not None:
        name = "cell_volume"
        arrays[name] = _write(path / name, mesh.cell_volumes, ("cell",), standard_name=name)
    about = {"Conventions": "CF-1.11 UGRID-1.0", "cell_types": list(mesh.cells)}
    write_group(path, about, arrays)


def read_mesh(path: Path) -> Mesh:
    """A mesh from its group. Raises StoreError where it is damaged or not the one of that hash."""

    def stacked(kind: str) -> np.ndarray:
        return np.stack([read_array(path, f"{kind}_{axis}") for axis in "xyz"], axis=1)

    types = _attributes(path).get("cell_types", [])
    mesh = Mesh(
        stacked("node"),
        {name: read_array(path, f"cells_{name}") for name in types},
        stacked("cell") if (path / "cell_x").exists() else None,
        read_array(path, "cell_volume") if (path / "cell_volume").exists() else None,
    )
    if mesh.hash != path.name:
        raise damaged(path, ValueError("content of another hash"))
    return mesh


def damaged(path: Path, error: Exception) -> StoreError:
    """The error for a group that cannot be trusted, or that cannot be read though nothing may be wrong with it."""
    if isinstance(error, OSError) and not is_gone(error) and (cause := fault(error, f"'{path}'")) is not None:
        return StoreError(
            cause[0], str(error), f"{cause[1]}, then try again: what is stored may well be whole"
        )
    return DamagedError(
        f"'{path}' must be as it was written",
        f"{type(error).__name__}: {error}",
        "Run `verification.discard_damaged` on the store and ingest again: the run is read anew from its files",
    )


def _attributes(path: Path) -> dict[str, Any]:
    try:
        return json.loads((path / "zarr.json").read_text())["attributes"]
    except (OSError, ValueError, KeyError) as error:
        raise damaged(path, error) from error


def _write(path: Path, values: np.ndarray, dims: tuple[str, ...], **attributes: Any) -> Chunks:
    present = {name: value for name, value in attributes.items() if value is not None}
    chunks = chunks_of(values.shape, values.itemsize)
    array = Chunks.create(path, values.shape, chunks, values.dtype, dims, present)
    array.write(values)
    return array


def chunks_of(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Lengths of a chunk: trailing axes in full as long as they fit, the axis before them in equal parts."""
    chunks, room = [], _CHUNK_BYTES // itemsize
    for size in reversed(shape):
        parts = -(-size // max(1, room))
        chunks.append(max(1, -(-size // max(1, parts))))
        room //= chunks[-1]
    return tuple(reversed(chunks))
