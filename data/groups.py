"""Zarr groups of the store, one per run and one per mesh: how they are written and read."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from data.catalogue import RunRecord, StoredField, plain, record_of
from data.errors import StoreError
from data.formats import Run
from data.mesh import Mesh

# Chunks of about 8 MB: large enough that opening a chunk costs little beside reading it.
_CHUNK_BYTES = 8 << 20


def _write(group: zarr.Group, name: str, values: np.ndarray, dims: tuple[str, ...], **attrs: Any) -> None:
    values = np.asarray(values, order="C")
    group.create_array(
        name,
        data=values,
        chunks=_chunks(values.shape, values.itemsize) if values.ndim else (),
        compressors=[BloscCodec(cname="lz4", clevel=1, shuffle="shuffle"), Crc32cCodec()],
        fill_value=np.nan if values.dtype.kind == "f" else 0,
        dimension_names=dims,
        attributes={key: value for key, value in attrs.items() if value is not None},
        # A chunk left out because it equals the fill value could not be told from one that was lost.
        config={"write_empty_chunks": True},
    )


def _chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Trailing axes whole as long as they fit; what is left of the room goes to the axis before them."""
    chunks, room = [], _CHUNK_BYTES // itemsize
    for size in reversed(shape):
        chunks.append(max(1, min(size, room)))
        room //= chunks[-1]
    return tuple(reversed(chunks))


def write_run(path: Path, run: Run, record: RunRecord) -> None:
    """Writes one run as a group: fields (time, point or cell, component), time, parameters as scalars."""
    group = zarr.create_group(store=path, zarr_format=3)
    transient = bool(record.times)
    for name, field in run.fields.items():
        dims, values = [field.on], field.values
        if len(field.components) > 1:
            dims = [field.on, f"{name}_component"]
        else:
            values = values[:, :, 0]
        values = values if transient else values[0]
        dims = (["time"] if transient else []) + dims
        _write(group, name, values, tuple(dims), units=field.unit, components=list(field.components))
    if transient:
        _write(group, "time", np.asarray(record.times), ("time",), units="s")
    for name, value in record.parameters.items():
        _write(group, name, np.array(value, dtype=np.float64), (), units=record.units.get(name))
    group.attrs.update({"coordinates": " ".join(record.parameters), "record": plain(record)})
    _consolidate(path)


def read_record(path: Path) -> RunRecord:
    """The catalogue's record of a run, from the group itself. Raises StoreError where it is damaged."""
    try:
        attributes = json.loads((path / "zarr.json").read_text())["attributes"]
        return record_of(attributes["record"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged(path, error) from error


def read_field(path: Path, name: str, info: StoredField) -> np.ndarray:
    """Values (t, n, c) of one field of one run. Raises StoreError where a chunk is lost or altered."""
    array = read_array(path, name)
    if len(info.components) == 1:
        array = array[..., None]
    return array if array.ndim == 3 else array[None]


def read_array(path: Path, name: str) -> np.ndarray:
    """An array of a group, every chunk checked against its sum. Raises StoreError where it is damaged."""
    try:
        array = zarr.open_array(path / name, mode="r", zarr_format=3)
        if array.nchunks_initialized != array.nchunks:
            raise ValueError(f"{array.nchunks_initialized} of {array.nchunks} chunks are there")
        return np.asarray(array[...])
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise damaged(path / name, error) from error


def write_mesh(path: Path, mesh: Mesh) -> None:
    """Writes a mesh as a group: points, nodes by cell type, centres and volumes where they are given."""
    group = zarr.create_group(store=path, zarr_format=3)
    _write(group, "points", mesh.points, ("point", "axis"))
    for name, nodes in mesh.cells.items():
        _write(group, f"cells_{name}", nodes, (f"{name}", f"{name}_node"))
    if mesh.cell_centres is not None:
        _write(group, "cell_centres", mesh.cell_centres, ("cell", "axis"))
    if mesh.cell_volumes is not None:
        _write(group, "cell_volumes", mesh.cell_volumes, ("cell",))
    group.attrs["cell_types"] = list(mesh.cells)
    _consolidate(path)


def _consolidate(path: Path) -> None:
    with warnings.catch_warnings():
        # Not yet in the Zarr 3 specification, says zarr; xarray opens faster with it, and warns without.
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        zarr.consolidate_metadata(path)


def read_mesh(path: Path) -> Mesh:
    """A mesh from its group. Raises StoreError where it is damaged."""
    try:
        attributes = json.loads((path / "zarr.json").read_text())["attributes"]
    except (OSError, ValueError, KeyError) as error:
        raise damaged(path, error) from error
    optional = {n: read_array(path, n) for n in ("cell_centres", "cell_volumes") if (path / n).exists()}
    cells = {name: read_array(path, f"cells_{name}") for name in attributes["cell_types"]}
    return Mesh(read_array(path, "points"), cells, **optional)


def damaged(path: Path, error: Exception) -> StoreError:
    """The error for a group that cannot be trusted."""
    return StoreError(
        f"'{path}' must be as it was written",
        f"{type(error).__name__}: {error}",
        "Delete the run's group and ingest again: the run is read anew from its source",
    )
