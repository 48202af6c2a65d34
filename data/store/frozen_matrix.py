"""A frozen snapshot matrix: one field of a fixed list of runs, laid out to be streamed in either direction.

Rows are snapshots: the runs in their order, and within a run its times. Columns are the values of a snapshot, point
by point, and within a point the components. A chunk holds up to 64 rows and about a megabyte, so that

* all snapshots of a block of points, which sums over snapshots want, are n / 64 chunks;
* one snapshot costs the decoding of up to 64. The run's own group in the store has it alone.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.disk import disk_of
from fieldwright.data.errors import StoreError
from fieldwright.data.ingest.timebase import TimeRule, common_times, resample_in_time
from fieldwright.data.snapshots import field_of
from fieldwright.data.store.catalogue import RunRecord, StoredField
from fieldwright.data.store.chunks import Chunks, write_group
from fieldwright.data.store.groups import RUNS, damaged, read_field
from fieldwright.data.store.incoming import put_in_place
from fieldwright.data.store.snapshot_store import SnapshotStore

MATRICES = "matrices"
_CHUNK_BYTES = 1 << 20
_ROWS = 64
# What is held while rows are written, and what a stripe of all rows may take while they are read.
_MEMORY = 64 << 20
_STRIPE = 8 << 20


@dataclass(frozen=True)
class MatrixInfo:
    """What the rows and columns of a frozen matrix are; times is None for one snapshot per run."""

    field: str
    runs: tuple[str, ...]
    contents: tuple[str, ...]
    times: tuple[float, ...] | None
    on: str
    components: tuple[str, ...]
    unit: str | None
    mesh: str


class FrozenMatrix:
    """Snapshots as rows, (n, m), read from the disk slice by slice; it can be sent to other processes.

    Takes integers and slices of step 1 for rows and columns, as NumPy does. Raises StoreError where what is read
    is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._array = Chunks(path / "snapshots")
            about = json.loads((path / "zarr.json").read_text())["attributes"]
            lists = {name: tuple(about[name]) for name in ("runs", "contents", "components")}
            times = None if about["times"] is None else tuple(about["times"])
            self.info = MatrixInfo(**(about | lists | {"times": times}))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise damaged(path, error) from error

    @property
    def name(self) -> str:
        """Hash of the field, the runs and the time rule."""
        return self.path.name

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, m): snapshots, values."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype:
        """float32 or float64, as the runs have it."""
        return self._array.dtype

    @property
    def chunks(self) -> tuple[int, ...]:
        """Rows and columns that are read at once."""
        return self._array.chunks

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = key if isinstance(key, tuple) else (key,)
        region, dropped = [], []
        for axis, size in enumerate(self.shape):
            part = keys[axis] if axis < len(keys) else slice(None)
            if isinstance(part, slice):
                start, stop, step = part.indices(size)
                if step != 1:
                    raise IndexError("A frozen matrix is read in slices of step 1")
                region.append((start, max(start, stop)))
            else:
                at = range(size)[part]
                region.append((at, at + 1))
                dropped.append(axis)
        try:
            return self._array.read(region).squeeze(tuple(dropped))
        except (OSError, ValueError, RuntimeError) as error:
            raise damaged(self.path, error) from error


def freeze(
    store: SnapshotStore,
    field: str,
    runs: Sequence[str] | None = None,
    time: TimeRule | None = None,
    executor: Executor = IN_PROCESS,
) -> FrozenMatrix:
    """The matrix of a field of these runs (all accepted ones if None), written if it is not there yet.

    time: None for the rule of the last ingestion. executor: where runs are read and their chunks written; each piece
    of work holds at most 64 MB beside one run, or one snapshot where that is larger. Raises StoreError where a run
    or the field is unknown, a run is damaged or the disk is full.
    """
    records, rule = store.records_of(runs), time or store.time_rule
    info = field_of(records, field)
    path = store.path / MATRICES / _name(field, records, rule)
    if not path.exists():
        with disk_of(store.path), store.incoming() as incoming:
            path.parent.mkdir(exist_ok=True)
            _write(store, incoming / path.name, field, info, records, rule, executor)
            # It can be written again: no use in waiting for the disk, the check sums tell what a power cut took.
            put_in_place(incoming / path.name, path, durable=False)
    return FrozenMatrix(path)


def _name(field: str, records: Sequence[RunRecord], rule: TimeRule) -> str:
    # Runs of one content may stand in another phase once there are more of them.
    phases = [[record.times[0] for record in records]] if rule.rule == "periodic" else []
    key = json.dumps([field, [record.content for record in records], rule.key(), *phases])
    return hashlib.sha256(key.encode()).hexdigest()


def _write(
    store: SnapshotStore,
    path: Path,
    field: str,
    info: StoredField,
    records: Sequence[RunRecord],
    rule: TimeRule,
    executor: Executor,
) -> None:
    base = common_times([np.array(r.times) if r.times else None for r in records], rule)
    about = MatrixInfo(
        field,
        tuple(record.name for record in records),
        tuple(str(record.content) for record in records),
        None if base is None or not info.in_time else tuple(float(t) for t in base),
        info.on,
        info.components,
        info.unit,
        str(records[0].mesh),
    )
    dtype = np.result_type(*(record.fields[field].dtype for record in records))
    first = _snapshots(store.path, records[0], field, base, rule)
    shape = (len(records) * len(first), first.shape[1])
    array = Chunks.create(
        path / "snapshots", shape, chunk_shape(shape, dtype.itemsize), dtype, ("snapshot", "value"), {}
    )
    # So many runs that they fill their chunks: no two pieces write to the same one.
    of_piece = array.chunks[0] // math.gcd(len(first), array.chunks[0])
    pieces = [
        (array.path, store.path, records[k : k + of_piece], field, base, rule, k * len(first))
        for k in range(0, len(records), of_piece)
    ]
    for _ in executor.in_order(_write_rows, pieces):
        pass
    write_group(path, asdict(about), {"snapshots": array})


def _write_rows(
    path: Path,
    store: Path,
    records: Sequence[RunRecord],
    field: str,
    base: np.ndarray | None,
    rule: TimeRule,
    row: int,
) -> None:
    """Writes the snapshots of some runs to the array at `path`, from `row` on; store: folder of the run store."""
    array, count = Chunks(path), 0
    waiting = np.empty((array.chunks[0], array.shape[1]), array.dtype)
    for record in records:
        snapshots = _snapshots(store, record, field, base, rule)
        if snapshots.shape[1] != array.shape[1]:
            raise StoreError(
                f"'{field}' must have {array.shape[1]} values in every run",
                f"{snapshots.shape[1]} in run '{record.name}'",
                "Freeze runs of one mesh",
            )
        for snapshot in snapshots:
            waiting[count] = snapshot
            count += 1
            if count == len(waiting) or row + count == array.shape[0]:
                array.write(waiting[:count], (row, 0))
                row, count = row + count, 0


def _snapshots(
    store: Path, record: RunRecord, field: str, base: np.ndarray | None, rule: TimeRule
) -> np.ndarray:
    """(t, m) the field of a run at the times of the base."""
    values = read_field(store / RUNS / str(record.content), field, record.fields[field])
    if not record.fields[field].in_time:
        return values.reshape(1, -1)
    values = resample_in_time(values, np.array(record.times) if record.times else None, base, rule)
    return values.reshape(len(values), -1)


def chunk_shape(shape: tuple[int, int], itemsize: int) -> tuple[int, int]:
    """Rows and columns of a chunk of an (n, m) matrix; see the head of this module."""
    n, m = shape
    rows = max(1, min(n, _ROWS, _MEMORY // (m * itemsize)))
    columns = min(_CHUNK_BYTES // (rows * itemsize), max(1024, _STRIPE // (n * itemsize)))
    return rows, max(1, min(m, columns))
