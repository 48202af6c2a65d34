"""Whether a store is as it was written: every value, mesh and record against the hashes that name them."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np

from fieldwright.data.errors import DamagedError, StoreError
from fieldwright.data.formats import Field, Run
from fieldwright.data.store.catalogue import RunRecord
from fieldwright.data.store.groups import MESHES, RUNS, damaged, read_array, read_field, read_record
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.data.store.staging import hashes

_LASTING = ("name", "content", "results", "parameters", "units", "mesh", "times", "fields")


def verify(store: SnapshotStore) -> dict[str, str]:
    """Reads everything and names what is damaged: run to sentence; empty if all is as it was written.

    A group is right if its fields, times, mesh and parameters have the hash that it stands under, and its record
    is the catalogue's.
    """
    return {name: str(error) for name, error in _failures(store).items()}


def discard_damaged(store: SnapshotStore) -> list[str]:
    """Takes the damaged runs out of the store, so that the next ingestion reads them anew; returns their names.

    With a damaged mesh go all runs on it. What cannot be read for another reason, such as a disk that does not
    answer, stays.
    """
    names = sorted(name for name, error in _failures(store).items() if isinstance(error, DamagedError))
    for mesh in {str(record.mesh) for record in store.accepted()}:
        try:
            store.mesh(mesh)
        except DamagedError:
            shutil.rmtree(store.path / MESHES / mesh, ignore_errors=True)
            store.catalogue.forget_fact("study mesh")
        except StoreError:
            continue
    for record in store.accepted():
        if record.name in names:
            store.catalogue.save(
                replace(
                    record,
                    state="rejected",
                    reason="unreadable",
                    sentence="The stored run must be as it was written. Got a damaged one. Ingest it again.",
                    content=None,
                    settings="",
                )
            )
            store.catalogue.drop(record.name, "accepted")
            shutil.rmtree(store.path / RUNS / str(record.content), ignore_errors=True)
    return names


def _failures(store: SnapshotStore) -> dict[str, StoreError]:
    failures = {}
    for record in store.accepted():
        try:
            _check(store, record)
        except StoreError as error:
            failures[record.name] = error
    return failures


def _check(store: SnapshotStore, record: RunRecord) -> None:
    path = store.path / RUNS / str(record.content)
    stored = read_record(path)
    # The sources and settings may be newer in the catalogue: under other settings a run can have the same content.
    if any(getattr(stored, name) != getattr(record, name) for name in _LASTING):
        raise damaged(path, ValueError("a record that is not the catalogue's"))
    mesh = store.mesh(str(record.mesh))
    fields = {}
    for name, info in record.fields.items():
        fields[name] = Field(read_field(path, name, info), info.on, info.components, info.unit)
    times = read_array(path, "time") if record.times else None
    parameters = {name: float(read_array(path, name)) for name in record.parameters}
    run = Run(mesh, fields, times)
    if hashes(run, parameters)[1] != record.content:
        raise damaged(path, ValueError("content of another hash"))
    if times is not None and not np.array_equal(times, record.times):
        raise damaged(path / "time", ValueError("times that are not the catalogue's"))
