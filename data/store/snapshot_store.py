"""The run store: accepted runs as Zarr groups under the hash of their content, a catalogue beside them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from fieldwright.data.disk import disk_of
from fieldwright.data.errors import FieldwrightError, StoreError
from fieldwright.data.formats import Run
from fieldwright.data.ingest.timebase import TimeRule
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.snapshots import assemble
from fieldwright.data.store.catalogue import Catalogue, RunRecord, SourceFile
from fieldwright.data.store.chunks import write_group
from fieldwright.data.store.groups import MESHES, RUNS, read_field, read_mesh, read_record, write_mesh
from fieldwright.data.store.incoming import IncomingFolder, put_in_place
from fieldwright.data.store.staging import stage, staged_mesh, staged_run

if TYPE_CHECKING:
    import xarray as xr

_FOLDER = "folder of the runs"
_PHASES = "phases"
SUPERSEDED = "superseded"
"""Folder of the groups of runs that were withdrawn, or are accepted with other contents now."""


class SnapshotStore:
    """Accepted runs, one Zarr group each; rejected runs stand in the catalogue with the reason.

    Safe for many processes at a time: a group is written beside the others and moved into place in one step,
    under a name that is the hash of what it holds. Opening the store takes in every group that the catalogue
    lacks.

    path: a folder; made if it does not exist. Raises StoreError where it cannot be made or read.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with disk_of(self.path):
            for folder in (self.path, self.path / RUNS, self.path / MESHES):
                folder.mkdir(parents=True, exist_ok=True)
                # Groups all the way up, so that any Zarr tool can walk the store.
                if not (folder / "zarr.json").exists():
                    write_group(folder, {"fieldwright_layout": 1})
        self.catalogue = Catalogue(self.path / "catalogue.sqlite")
        self._take_in()

    def accepted(self) -> list[RunRecord]:
        """All accepted runs, by name."""
        return self.catalogue.records("accepted")

    def rejected(self) -> list[RunRecord]:
        """All rejected runs with reason and sentence, by name."""
        return self.catalogue.records("rejected")

    def withdrawn(self) -> list[RunRecord]:
        """All runs that were withdrawn and have not been accepted since, by name."""
        return self.catalogue.records("withdrawn")

    def withdraw(self, runs: Sequence[str], why: str = "") -> None:
        """Takes accepted runs out, all or none; ingesting their files again brings them back.

        Their groups move to `superseded/`; when and why stays in the catalogue. Raises StoreError where one is not
        accepted.
        """
        records = [self._accepted(name) for name in dict.fromkeys(runs)]
        today = datetime.now(UTC).isoformat(timespec="seconds")
        for record in records:
            sentence = f"Withdrawn on {today}{f': {why}' if why else ''}."
            # Without settings it is read anew as soon as there are files of it again.
            entry = replace(record, state="withdrawn", reason="withdrawn", sentence=sentence, settings="")
            self.catalogue.save(entry)
            self.catalogue.drop(record.name, "accepted")
            self._supersede(str(record.content))
        remaining = self.accepted()
        if self.catalogue.fact("first run") not in {record.name for record in remaining}:
            # The next run becomes the reference; without any, the first that is ingested does.
            self.catalogue.forget_fact("first run")
            if remaining:
                self.catalogue.set_fact("first run", remaining[0].name, once=True)
            else:
                self.catalogue.forget_fact("study mesh")

    def claim(self, folder: Path, runs: Iterable[str]) -> None:
        """Makes this the store of a folder of runs; raises StoreError where it is that of another one.

        A folder that was moved is known by its runs: the old one is gone, and all that is accepted is in the new one.
        """
        folder = folder.resolve()
        owner = self.folder
        if owner is None:
            self.catalogue.set_fact(_FOLDER, str(folder), once=True)
            owner = self.folder or folder
        if owner == folder:
            return
        if owner.exists() or not {record.name for record in self.accepted()} <= set(runs):
            raise StoreError(
                f"The store '{self.path.name}' must be of one folder of runs, '{owner}'",
                f"'{folder}'",
                "Give this study another 'name', or name that folder in it",
            )
        self.catalogue.set_fact(_FOLDER, str(folder))

    @property
    def folder(self) -> Path | None:
        """The folder whose runs are in the store; None as long as it has been claimed for none."""
        fact = self.catalogue.fact(_FOLDER)
        return None if fact is None else Path(fact)

    def _accepted(self, name: str) -> RunRecord:
        record = self.catalogue.get(name, "accepted")
        if record is None:
            names = [one.name for one in self.accepted()]
            near = get_close_matches(name, names, n=1)
            raise StoreError(
                "A run to be withdrawn must be accepted in the store",
                f"'{name}'"
                + (f", perhaps for '{near[0]}'" if near else f" among {len(names)} accepted runs"),
                "`fieldwright status` lists the runs that are there",
            )
        return record

    def mesh(self, hash: str) -> Mesh:
        """The mesh of that hash; raises StoreError where it is not there or damaged."""
        return read_mesh(self.path / MESHES / hash)

    @property
    def study_mesh(self) -> str | None:
        """Hash of the mesh that all runs must be on; None as long as there is no run."""
        return self.catalogue.fact("study mesh")

    def set_study_mesh(self, mesh: Mesh) -> None:
        """Sets the mesh of the study, once: as soon as the store has one, it stays."""
        with self.incoming() as folder, disk_of(self.path):
            write_mesh(folder / mesh.hash, mesh)
            put_in_place(folder / mesh.hash, self.path / MESHES / mesh.hash)
        self.catalogue.set_fact("study mesh", mesh.hash, once=True)

    def group(self, run: str) -> Path:
        """The Zarr group of an accepted run, for `xarray.open_zarr` and other tools."""
        return self.path / RUNS / str(self.records_of([run])[0].content)

    def snapshots(
        self,
        runs: Sequence[str] | None = None,
        fields: Sequence[str] | None = None,
        time: TimeRule | None = None,
    ) -> xr.Dataset:
        """Fields and parameters of the runs (all accepted ones if None), values read when they are asked for.

        See `data.snapshots` for the layout. Parameters that are the same in all accepted runs are left out of
        the coordinates and stand in attrs["constant_parameters"]. time: None for the rule of the last ingestion.
        Raises StoreError where a run or field is unknown, or where values are found damaged as they are read.
        """
        records = self.records_of(runs)
        constant = _constant(self.accepted())
        dataset = assemble(
            records,
            list(records[0].fields) if fields is None else fields,
            [name for name in records[0].parameters if name not in constant],
            self.mesh(str(records[0].mesh)),
            self.read_field,
            time or self.time_rule,
        )
        return dataset.assign_attrs(constant_parameters=constant)

    def read_field(self, record: RunRecord, name: str):
        """Values (t, n, c) of a field of a run; raises StoreError where they are damaged."""
        return read_field(self.path / RUNS / str(record.content), name, record.fields[name])

    @property
    def time_rule(self) -> TimeRule:
        """How the times of the runs come together: as set by the last ingestion."""
        fact = self.catalogue.fact("time rule")
        return TimeRule(**json.loads(fact)) if fact else TimeRule()

    @time_rule.setter
    def time_rule(self, rule: TimeRule) -> None:
        self.catalogue.set_fact("time rule", json.dumps(asdict(rule)))

    def records_of(self, runs: Sequence[str] | None) -> list[RunRecord]:
        """The records of these runs in this order; raises StoreError where one is not accepted."""
        by_name = {record.name: record for record in self.accepted()}
        missing = [name for name in runs or () if name not in by_name]
        if missing or not by_name or (runs is not None and not len(runs)):
            raise StoreError(
                "The runs asked for must be in the store",
                f"'{missing[0]}', which is not accepted" if missing else "no run",
                "Ingest it, or look at the rejected runs for the reason",
            )
        records = [by_name[name] for name in (by_name if runs is None else runs)]
        if self.time_rule.rule == "periodic":
            phases = self._phases(list(by_name.values()))
            records = [
                replace(one, times=tuple(time - phases[str(one.content)] for time in one.times))
                for one in records
            ]
        meshes = {record.mesh for record in records}
        if len(meshes) > 1:
            raise StoreError("Runs must share a mesh", f"{len(meshes)} meshes", "Choose runs of one mesh")
        return records

    def _phases(self, records: Sequence[RunRecord]) -> dict[str, float]:
        """By content, where each run that repeats is in its period when the first one begins its own."""
        from fieldwright.data.ingest.cycles.common_phase import common_phases, first_wave

        phases = json.loads(self.catalogue.fact(_PHASES) or "{}")
        contents = [str(record.content) for record in records]
        if not set(contents) <= set(phases):
            waves = {}
            for record in records:
                repeating = [name for name, info in record.fields.items() if info.in_time]
                waves[str(record.content)] = first_wave([self.read_field(record, name) for name in repeating])
            phases = common_phases(waves, phases)
            self.catalogue.set_fact(_PHASES, json.dumps(phases))
        return phases

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A folder to stage runs in (`data.store.staging`), removed at the end; those of dead writers go first."""
        # What is done meanwhile has errors of its own: a run that cannot be read is no fault of this disk.
        with ExitStack() as stack:
            with disk_of(self.path):
                folder = stack.enter_context(IncomingFolder(self.path / ".incoming"))
            yield folder

    def commit(self, incoming: Path, record: RunRecord) -> None:
        """Puts a staged run into place and into the catalogue; the version before moves to `superseded/`."""
        with disk_of(self.path):
            mesh = staged_mesh(incoming, record)
            if mesh.exists():
                put_in_place(mesh, self.path / MESHES / str(record.mesh))
            put_in_place(staged_run(incoming, record), self.path / RUNS / str(record.content))
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
            record = stage(self.path, folder, run, draft)
            self.commit(folder, record)
        return record

    def reject(self, record: RunRecord) -> None:
        """Files a rejected run; a version of it that was accepted before stays."""
        self.catalogue.save(record)

    def _enter(self, record: RunRecord) -> None:
        before = self.catalogue.get(record.name, "accepted")
        self.catalogue.save(record)
        for fact, value in (("study mesh", record.mesh), ("first run", record.name)):
            if self.catalogue.fact(fact) is None:
                self.catalogue.set_fact(fact, str(value), once=True)
        if before is not None and before.content != record.content:
            self._supersede(str(before.content))

    def _supersede(self, content: str) -> None:
        (self.path / SUPERSEDED).mkdir(exist_ok=True)
        # The name is the hash of the content: one that was superseded before is the same.
        shutil.rmtree(self.path / SUPERSEDED / content, ignore_errors=True)
        # Another process may have moved it at the same moment.
        with suppress(OSError):
            os.replace(self.path / RUNS / content, self.path / SUPERSEDED / content)

    def _take_in(self) -> None:
        """Enters groups that a writer put in place before it ended, or all if the catalogue is new."""
        records = {record.name: record for record in self.accepted()}
        contents = {record.content for record in records.values()}
        groups = [
            path for path in (self.path / RUNS).iterdir() if path.is_dir() and path.name not in contents
        ]
        lacking = []
        for path in groups:
            # A damaged group is no reason not to open the store; `fieldwright.data.store.verification` names it.
            with suppress(FieldwrightError):
                lacking.append(read_record(path))
        for record in sorted(lacking, key=lambda r: r.stored_at):
            newest = records.get(record.name)
            if newest is None or newest.stored_at < record.stored_at:
                records[record.name] = record
                self._enter(record)
            else:
                self._supersede(str(record.content))


def _constant(records: Sequence[RunRecord]) -> dict[str, float]:
    if len(records) < 2:
        return {}
    first = records[0].parameters
    return {n: value for n, value in first.items() if all(r.parameters.get(n) == value for r in records)}


def store_owner(path: Path) -> Path | None:
    """The folder whose runs are in the store at `path`; None where there is none, or none has claimed it."""
    return SnapshotStore(path).folder if (path / "catalogue.sqlite").exists() else None
