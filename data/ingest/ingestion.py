"""Ingestion: a folder of finished runs into the store; what is unchanged is not read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.disk import is_broken_link
from fieldwright.data.errors import ReadError, RunRejected
from fieldwright.data.formats import reader_for, reader_named
from fieldwright.data.formats.parsing.kept_values import let_go
from fieldwright.data.ingest.checks import check_duplicate, check_parameters
from fieldwright.data.ingest.parameters.table import ParameterTable
from fieldwright.data.ingest.preparation import Reference, Task, not_readable, prepare
from fieldwright.data.ingest.rules import Rules
from fieldwright.data.ingest.sources import RunSource, check_result, listing, unchanged
from fieldwright.data.ingest.sources import find_runs as find_runs
from fieldwright.data.ingest.timebase import ended_early
from fieldwright.data.ingest.workers import outcomes
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.data.mesh.places import regular_grid
from fieldwright.data.store.catalogue import RunRecord, SourceFile
from fieldwright.data.store.snapshot_store import SnapshotStore

_NAMED = 5
Progress = Callable[[int, int, str], None]


@dataclass
class IngestReport:
    """What an ingestion did: names of runs; for the rejected ones (run, reason, sentence).

    removed: accepted runs of the store whose files are gone.
    """

    accepted: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str, str]] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def ingest_sources(
    store: SnapshotStore,
    sources: Sequence[RunSource],
    table: ParameterTable,
    rules: Rules,
    progress: Progress | None = None,
    executor: Executor = IN_PROCESS,
    scalars: ParameterTable | None = None,
) -> IngestReport:
    """Brings every new or changed run into the store; a bad one is filed with its reason and stops no other.

    progress: called after each run with (done, total, name). executor: where runs are read. The outcome is the same
    everywhere: runs are accepted in the order of `sources`. scalars: those that a table of all runs has.
    Raises StoreError if the store is not writable, ReadError if the reader is unknown or the reference mesh cannot
    be read.
    """
    if rules.reader is not None:
        # A wrong name is the study's mistake and no reason to reject every run.
        reader_named(rules.reader)
    session = _Session(store, table, rules, IngestReport(), scalars)
    session.note_constants()
    session.note_removed(sources)
    if rules.mesh.reference is not None and store.study_mesh is None:
        store.set_study_mesh(_reference_mesh(rules.mesh.reference, rules))
    store.time_rule = rules.time
    n_done = 0
    try:
        with store.incoming() as folder, session.filer:
            for record in session.outcomes(sources, folder, executor):
                n_done += 1
                session.take(folder, record)
                if progress:
                    progress(n_done, len(sources), record.name)
            session.settle()
    finally:
        let_go()
    session.report.notes += session.notes_of_runs()
    return session.report


def unchanged_report(
    store: SnapshotStore,
    sources: Sequence[RunSource],
    table: ParameterTable,
    rules: Rules,
    scalars: ParameterTable | None = None,
) -> IngestReport | None:
    """What `ingest_sources` would report, if it had nothing to read and nothing to change; else None."""
    session = _Session(store, table, rules, IngestReport(), scalars)
    if session.before.keys() - {source.name for source in sources}:
        return None
    session.note_constants()
    for source in sources:
        record = session.standing(source)
        if record is None:
            return None
        session.take(store.path, record)
    session.report.notes += session.notes_of_runs()
    return session.report


def _reference_mesh(path: Path, rules: Rules) -> Mesh:
    reader = reader_named(rules.reader) if rules.reader else reader_for(path)
    mesh = reader.read(path, []).mesh
    return mesh if rules.mesh.grid is None else regular_grid(mesh, rules.mesh.grid)


class _Session:
    """One ingestion: what it knows of the store, and what it has done so far."""

    def __init__(
        self,
        store: SnapshotStore,
        table: ParameterTable,
        rules: Rules,
        report: IngestReport,
        scalars: ParameterTable | None,
    ) -> None:
        self.store, self.table, self.rules, self.report = store, table, rules, report
        self.scalars = scalars
        records = store.catalogue.records()
        # Kept here, since asking the catalogue for all of them after each run would cost n^2.
        self.accepted = {r.name: r for r in records if r.state == "accepted"}
        present = [r for r in records if r.state != "withdrawn"]
        self.before = {r.name: r for r in sorted(present, key=lambda r: r.state)}
        self.reference = Reference()
        # Filing a run is waiting for the disk: meanwhile the next one is read.
        self.filer = ThreadPoolExecutor(1)
        self._filing: Future[None] | None = None
        self.skipped: set[str] = set()
        self.notes: dict[str, list[str]] = {}

    def outcomes(self, sources: Iterable[RunSource], folder: Path, executor: Executor) -> Iterator[RunRecord]:
        """The record of each source in order: as it stands if unchanged, else prepared anew."""
        steps = (self._step(source, folder) for source in sources)
        # The first accepted run fixes what the others must look like.
        for step in steps:
            yield prepare(step) if isinstance(step, Task) else step
            if self.accepted:
                break
        yield from outcomes(executor, steps)

    def take(self, folder: Path, record: RunRecord) -> None:
        """Files a record: an unchanged one stays, an accepted one is put into place, a rejected one listed."""
        previous = self.accepted.get(record.name)
        if record.name not in self.skipped and record.state == "accepted":
            try:
                check_duplicate(record, self.accepted.values())
            except RunRejected as why:
                record = replace(record, state="rejected", reason=why.reason, sentence=str(why), content=None)
            else:
                self._file(self.store.commit, folder, record)
                self.accepted[record.name] = record
                for note in record.notes:
                    self.notes.setdefault(note, []).append(record.name)
        if record.state == "rejected":
            if record.name not in self.skipped:
                self._file(self.store.reject, record)
            self.report.rejected.append((record.name, record.reason or "", record.sentence or ""))
        elif record.name in self.skipped or (previous is not None and previous.content == record.content):
            self.report.unchanged.append(record.name)
        else:
            self.report.accepted.append(record.name)

    def settle(self) -> None:
        """Waits until the last run is filed; raises StoreError where that failed."""
        if self._filing is not None:
            self._filing.result()
        self._filing = None

    def _file(self, action: Callable[..., None], *arguments: Any) -> None:
        self.settle()
        self._filing = self.filer.submit(action, *arguments)

    def note_constants(self) -> None:
        """Reports what the parameter table noted, and the parameters that never vary."""
        self.report.notes.extend(self.table.notes)
        for name, value in self.table.constant().items():
            self.report.notes.append(
                f"parameter '{name}' is {value:g} in all {len(self.table.runs)} runs: left out"
            )

    def note_removed(self, sources: Sequence[RunSource]) -> None:
        """Names the accepted runs that are no longer among the sources; forgets the rejected ones."""
        names = {source.name for source in sources}
        for name in [n for n, r in self.before.items() if r.state == "rejected" and n not in names]:
            self.store.catalogue.drop(name, "rejected")
        self.report.removed += sorted(self.accepted.keys() - names)
        if self.report.removed:
            self.report.notes.append(
                f"the files of {_of_runs(self.report.removed)} are gone: what was stored is still learned from until "
                "`fieldwright withdraw STUDY.toml --removed`"
            )

    def notes_of_runs(self) -> list[str]:
        """What readers and mapping noted, each once with the runs; and the runs that end early or are replicates."""
        notes = [f"{note} ({_of_runs(runs)})" for note, runs in self.notes.items()]
        early = ended_early({name: record.times for name, record in self.accepted.items()})
        if early and self.rules.time.rule in ("overlap", "last"):
            ends = ", ".join(f"{name} at {end:g}" for name, end in list(early.items())[:_NAMED])
            more = f" and {len(early) - _NAMED} more" if len(early) > _NAMED else ""
            notes.append(f"{len(early)} of {len(self.accepted)} runs end before the others: {ends}{more}")
        alike = Counter(tuple(sorted(record.parameters.items())) for record in self.accepted.values())
        repeated = sum(count for row, count in alike.items() if row and count > 1)
        if repeated:
            notes.append(
                f"{repeated} accepted runs share all their parameters with others and differ in their results: they "
                f"count as replicates, stay together in every fold and measure the noise"
            )
        return notes

    def _step(self, source: RunSource, folder: Path) -> Task | RunRecord:
        try:
            return self._task(source, folder)
        except OSError as error:
            # It may have vanished since it was found, or must not be looked at: that is of this run alone.
            return not_readable(RunRecord(source.name, "rejected"), source.path, error)

    def _task(self, source: RunSource, folder: Path) -> Task | RunRecord:
        files, settings = self._inputs(source)
        before = self._unchanged(source.name, files, settings)
        if before is not None:
            return before
        units = dict(zip(self.table.names, self.table.units, strict=True))
        try:
            check_result(source)
            parameters = check_parameters(source.name, self.table)
        except RunRejected as why:
            return RunRecord(
                source.name,
                "rejected",
                units=units,
                reason=why.reason,
                sentence=str(why),
                sources=files,
                settings=settings,
            )
        return Task(
            source,
            files,
            parameters,
            self._scalars_of(source),
            units,
            settings,
            self.rules,
            self.store.path,
            folder,
            self._reference(),
        )

    def standing(self, source: RunSource) -> RunRecord | None:
        """The record of a source as it stands, where there is nothing to read; else None."""
        try:
            return self._unchanged(source.name, *self._inputs(source))
        except OSError:
            return None

    def _inputs(self, source: RunSource) -> tuple[tuple[SourceFile, ...], str]:
        """The files of a source, and the hash of all else that its record depends on."""
        files = listing(source) if not is_broken_link(source.path) else ()
        return files, self.rules.hash(self.table.row(source.name), source.files, self._scalars_of(source))

    def _scalars_of(self, source: RunSource) -> dict[str, float]:
        """Those that a table of all runs has; none where it has no row for this one."""
        return (self.scalars.row(source.name) if self.scalars is not None else None) or {}

    def _unchanged(self, name: str, files: tuple[SourceFile, ...], settings: str) -> RunRecord | None:
        before = self.before.get(name)
        if before is None or not self._stands(before, settings) or not unchanged(before.sources, files):
            return None
        self.skipped.add(name)
        return before

    def _stands(self, record: RunRecord, settings: str) -> bool:
        """Whether a record is up to date; a duplicate never is, since its twin may be gone."""
        if record.settings != settings or record.reason == "duplicated":
            return False
        try:
            return not record.reader or reader_named(record.reader).version == record.reader_version
        except ReadError:
            return False

    def _reference(self) -> Reference:
        if self.reference.mesh is None or not self.reference.fields:
            self.settle()
            first = self.accepted.get(self.store.catalogue.fact("first run") or "")
            self.reference = Reference(self.store.study_mesh)
            if first is not None:
                self.reference = replace(self.reference, times=first.times, fields=first.fields)
        return self.reference


def _of_runs(runs: Sequence[str]) -> str:
    """Runs by name: "run a", "3 runs: a, b, c", and of many the first five."""
    if len(runs) == 1:
        return f"run {runs[0]}"
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"{len(runs)} runs: {', '.join(runs[:_NAMED])}{more}"
