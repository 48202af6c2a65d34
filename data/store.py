"""The run store: accepted runs as Zarr groups under the hash of their content, a catalogue beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import xarray as xr

from data.catalogue import Catalogue, RunRecord, SourceFile
from data.errors import FieldwrightError, RunRejected, StoreError
from data.formats import Run
from data.groups import read_field, read_mesh, read_record, write_mesh, write_run
from data.mesh import Mesh
from data.snapshots import assemble, hashes, layout
from data.staging import Incoming, put_in_place
from data.timebase import TimeRule

_GROUP = {"zarr_format": 3, "node_type": "group", "attributes": {"fieldwright_layout": 1}}


class SnapshotStore:
    """Accepted runs, one Zarr group each; rejected runs stand in the catalogue with the reason.

    Safe for many processes at a time: a group is written beside the others and moved into place in one step,
    under a name that is the hash of what it holds. Opening the store takes in every group that the catalogue
    lacks.

    path: a folder; made if it does not exist. Raises StoreError where it cannot be made or read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with _disk(self.path):
            for folder in (self.path, self._runs, self._meshes):
                folder.mkdir(parents=True, exist_ok=True)
                # Groups all the way up, so that any Zarr tool can walk the store.
                _write_once(folder / "zarr.json", _GROUP)
        self.catalogue = Catalogue(self.path / "catalogue.sqlite")
        self._take_in()

    @property
    def _runs(self) -> Path:
        return self.path / "runs"

    @property
    def _meshes(self) -> Path:
        return self.path / "meshes"

    def accepted(self) -> list[RunRecord]:
        """All accepted runs, by name."""
        return self.catalogue.records("accepted")

    def rejected(self) -> list[RunRecord]:
        """All rejected runs with reason and sentence, by name."""
        return self.catalogue.records("rejected")

    def mesh(self, hash: str) -> Mesh:
        """The mesh of that hash; raises StoreError where it is not there or damaged."""
        return read_mesh(self._meshes / hash)

    @property
    def reference_mesh(self) -> str | None:
        """Hash of the mesh of the first accepted run; None as long as there is no run."""
        return self.catalogue.fact("reference mesh")

    def group(self, run: str) -> Path:
        """The Zarr group of an accepted run, for `xarray.open_zarr` and other tools."""
        return self._runs / str(self._chosen([run])[0].content)

    def snapshots(
        self,
        runs: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        time: TimeRule | None = None,
    ) -> xr.Dataset:
        """Fields and parameters of the runs (all accepted ones if None), values read when they are asked for.

        See `data.snapshots` for the layout. Parameters that are the same in all accepted runs are left out of
        the coordinates and stand in attrs["constant_parameters"]. Raises StoreError where a run or field is
        unknown.
        """
        records = self._chosen(runs)
        meshes = {record.mesh for record in records}
        if len(meshes) > 1:
            raise StoreError(
                "The runs of one Dataset must share a mesh",
                f"{len(meshes)} meshes",
                "Choose runs of one mesh",
            )
        constant = _constant(self.accepted())
        varying = [name for name in records[0].parameters if name not in constant]
        dataset = assemble(
            records,
            list(records[0].fields) if fields is None else fields,
            varying,
            self.mesh(str(records[0].mesh)),
            lambda record, name: read_field(self._runs / str(record.content), name, record.fields[name]),
            time or TimeRule(),
        )
        return dataset.assign_attrs(constant_parameters=constant)

    @contextmanager
    def incoming(self):
        """A folder to stage runs in (see `stage`), removed at the end; those of dead writers go first."""
        with _disk(self.path), Incoming(self.path / ".incoming") as folder:
            yield folder

    def stage(self, folder: Path, run: Run, record: RunRecord) -> RunRecord:
        """Writes a run into the incoming folder, by any process; `commit` then puts it into place.

        record: name, parameters, units and provenance; what follows from the run is filled in here.
        """
        results, content = hashes(run, record.parameters)
        record = replace(
            record,
            state="accepted",
            content=content,
            results=results,
            mesh=run.mesh.hash,
            times=() if run.times is None else tuple(float(t) for t in run.times),
            fields=layout(run),
            stored_at=_now(),
        )
        with _disk(self.path):
            if not (self._meshes / run.mesh.hash).exists() and not (folder / "mesh" / content).exists():
                write_mesh(folder / "mesh" / content, run.mesh)
            write_run(folder / content, run, record)
        return record

    def commit(self, folder: Path, record: RunRecord) -> None:
        """Puts a staged run into place and into the catalogue; the version before moves to `superseded/`."""
        with _disk(self.path):
            mesh = folder / "mesh" / str(record.content)
            if mesh.exists():
                put_in_place(mesh, self._meshes / str(record.mesh))
            put_in_place(folder / str(record.content), self._runs / str(record.content))
        self._enter(record)

    def add(
        self,
        run: Run,
        name: str,
        parameters: Mapping[str, float],
        units: Mapping[str, str | None] | None = None,
        sources: Iterable[SourceFile] = (),
    ) -> RunRecord:
        """Stores one run without checks (the ingestion makes them); the same again changes nothing."""
        draft = RunRecord(name, "accepted", dict(parameters), dict(units or {}), sources=tuple(sources))
        with self.incoming() as folder:
            record = self.stage(folder, run, draft)
            self.commit(folder, record)
        return record

    def reject(self, record: RunRecord, why: RunRejected) -> None:
        """Files a run as rejected; a version accepted before stays."""
        self.catalogue.put(
            replace(
                record, state="rejected", reason=why.reason, sentence=str(why), content=None, stored_at=_now()
            )
        )

    def _chosen(self, runs: Sequence[str] | None) -> list[RunRecord]:
        by_name = {record.name: record for record in self.accepted()}
        missing = [name for name in runs or () if name not in by_name]
        if missing or not by_name or (runs is not None and not len(runs)):
            raise StoreError(
                "The runs asked for must be in the store",
                f"'{missing[0]}', which is not accepted" if missing else "no run",
                "Ingest it, or look at the rejected runs for the reason",
            )
        return [by_name[name] for name in (by_name if runs is None else runs)]

    def _enter(self, record: RunRecord) -> None:
        before = [r for r in self.accepted() if r.name == record.name and r.content != record.content]
        self.catalogue.put(record)
        self.catalogue.set_fact("reference mesh", str(record.mesh))
        for old in before:
            self._supersede(str(old.content))

    def _supersede(self, content: str) -> None:
        (self.path / "superseded").mkdir(exist_ok=True)
        # Another process may have moved it at the same moment.
        with suppress(OSError):
            os.replace(self._runs / content, self.path / "superseded" / content)

    def _take_in(self) -> None:
        """Enters groups that a writer put in place before it ended, or all if the catalogue is new."""
        records = {record.name: record for record in self.accepted()}
        known = {record.content for record in records.values()}
        unknown = [path for path in self._runs.iterdir() if path.is_dir() and path.name not in known]
        found = []
        for path in unknown:
            # A damaged group is no reason not to open the store; `verify` names it.
            with suppress(FieldwrightError):
                found.append(read_record(path))
        for record in sorted(found, key=lambda r: r.stored_at):
            newest = records.get(record.name)
            if newest is None or newest.stored_at < record.stored_at:
                records[record.name] = record
                self._enter(record)
            else:
                self._supersede(str(record.content))


def _constant(records: Sequence[RunRecord]) -> dict[str, float]:
    first = records[0].parameters
    if len(records) < 2:
        return {}
    return {
        name: value for name, value in first.items() if all(r.parameters.get(name) == value for r in records)
    }


def _write_once(path: Path, content: dict) -> None:
    if not path.exists():
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        beside.write_text(json.dumps(content))
        os.replace(beside, path)


def _now() -> str:
    return datetime.now(UTC).isoformat()


@contextmanager
def _disk(path: Path):
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"The disk of the store '{path}' must have room and be writable",
            str(error),
            "Make room, then ingest again: what is stored already is whole and is not read again",
        ) from error
