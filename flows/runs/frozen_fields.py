"""The fields of a study that are too large to be held: frozen to the disk once, and read point by point."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.store.field_values import MatrixValues
from fieldwright.data.store.frozen_matrix import freeze
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.progress import report as report_progress

SHARE = 8
"""The memory of a study is so many times the size of the fields that are held in it: the rest is to work in."""


def frozen_fields(
    store: SnapshotStore,
    runs: Sequence[str],
    snapshots: xr.Dataset,
    fields: Sequence[str],
    memory: int,
    executor: Executor = IN_PROCESS,
) -> dict[str, MatrixValues] | None:
    """Field to its values of these runs, from a matrix on the disk; None where all together are small.

    memory: bytes that the study may take. executor: where the matrices are written.
    """
    if SHARE * sum(snapshots[name].nbytes for name in fields) <= memory:
        return None
    values = {}
    for count, name in enumerate(fields, start=1):
        sizes = snapshots[name].sizes
        matrix = freeze(store, name, runs, executor=executor)
        values[name] = MatrixValues(matrix, sizes.get("time"), sizes.get(f"{name}_component", 1))
        report_progress("Freezing fields", count, len(fields))
    return values
