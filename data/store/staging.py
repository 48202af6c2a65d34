"""Staging: a run written beside the store, under the hash of its content, ready to be put into place."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from fieldwright.data.disk import disk_of
from fieldwright.data.formats import Run
from fieldwright.data.store.catalogue import RunRecord, StoredField
from fieldwright.data.store.groups import MESHES, write_mesh, write_run
from fieldwright.data.store.incoming import put_in_place

_RUN, _MESH = "run", "mesh"


def stage(store: Path, incoming: Path, run: Run, record: RunRecord) -> RunRecord:
    """Writes run and mesh into the incoming folder; the record returned is what `SnapshotStore.commit` takes.

    record: name, parameters, units and provenance; what follows from the run is filled in here. Any process may
    do this, and again where it was broken off. Raises StoreError where the disk is full.
    """
    results, content = hashes(run, record.parameters)
    record = replace(
        record,
        state="accepted",
        content=content,
        results=results,
        mesh=run.mesh.hash,
        times=() if run.times is None else tuple(float(t) for t in run.times),
        fields={
            name: StoredField(
                field.on,
                tuple(field.components),
                field.unit,
                field.values.dtype.str,
                run.times is not None and len(field.values) < len(run.times),
            )
            for name, field in run.fields.items()
        },
        stored_at=datetime.now(UTC).isoformat(),
    )
    with disk_of(store):
        # Each attempt writes in a folder of its own: a worker that was lost may have left a half-written one, or may
        # still be writing.
        attempt = incoming / uuid.uuid4().hex
        if not (store / MESHES / run.mesh.hash).exists():
            write_mesh(attempt / _MESH, run.mesh)
        write_run(attempt / _RUN, run, record)
        put_in_place(attempt, _folder(incoming, record), durable=False)
    return record


def staged_run(incoming: Path, record: RunRecord) -> Path:
    """Where the run stands in the incoming folder."""
    return _folder(incoming, record) / _RUN


def staged_mesh(incoming: Path, record: RunRecord) -> Path:
    """Where its mesh stands, if the store lacked it."""
    return _folder(incoming, record) / _MESH


def _folder(incoming: Path, record: RunRecord) -> Path:
    # Two runs that hold the same are staged side by side: that one is a duplicate is found out later.
    return incoming / hashlib.sha256(f"{record.name}\0{record.content}".encode()).hexdigest()


def hashes(run: Run, parameters: Mapping[str, float]) -> tuple[str, str]:
    """SHA-256 of the results alone, and of results, units, times, mesh and parameters together."""
    digest = hashlib.sha256()
    for name in sorted(run.fields):
        field = run.fields[name]
        values = np.ascontiguousarray(field.values)
        digest.update(f"{name}|{field.on}|{field.components}|{values.dtype.str}|{values.shape}".encode())
        digest.update(values.data)
    results = digest.hexdigest()
    times = np.zeros(0) if run.times is None else np.asarray(run.times, dtype="<f8")
    digest.update(run.mesh.hash.encode() + times.tobytes())
    digest.update(repr(sorted((name, float(value).hex()) for name, value in parameters.items())).encode())
    digest.update(repr(sorted((name, field.unit) for name, field in run.fields.items())).encode())
    return results, digest.hexdigest()
