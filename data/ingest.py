"""Ingestion: a folder of finished runs into the store; what is unchanged is not read again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from data.catalogue import RunRecord, SourceFile
from data.checks import check_bound, check_duplicate, check_fields, check_finite, check_mesh, check_parameters
from data.errors import ReadError, RunRejected, StudyError, TruncatedError
from data.formats import Reader, Run, reader_for, reader_named
from data.parameters import ParameterTable
from data.series import read_series
from data.store import SnapshotStore
from data.timebase import TimeRule, check_times


@dataclass(frozen=True)
class RunSource:
    """One run on disk: its name, its folder or file, and what to read (several files: one per time)."""

    name: str
    path: Path
    files: tuple[Path, ...] = ()


@dataclass
class IngestReport:
    """What an ingestion did: names of runs; for the rejected ones (run, reason, sentence)."""

    accepted: list[str] = field(default_factory=list)
    rejected: list[tuple[str, str, str]] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Rules:
    """What is asked of every run.

    reader: name of the format; None to have it recognised. fields: name to unit; None: as the file gives it.
    bound: magnitude beyond which a run counts as diverged. step: seconds between the files of a series.
    """

    fields: Mapping[str, str | None]
    reader: str | None = None
    bound: float = 1e30
    time: TimeRule = field(default_factory=TimeRule)
    step: float | None = None


def find_runs(folder: Path, pattern: str = "*", file: str | None = None) -> list[RunSource]:
    """The runs of a folder: what matches `pattern`, and in each the `file` (a pattern too) to be read.

    Raises StudyError where the folder is missing or nothing in it matches.
    """
    if not folder.is_dir():
        raise StudyError(
            "The folder of the runs must exist", f"'{folder}'", "Correct 'folder' in the study file"
        )
    paths = sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))
    if file is not None:
        paths = [path for path in paths if path.is_dir()]
    if not paths:
        raise StudyError(
            f"The folder '{folder}' must hold runs that match '{pattern}'",
            "an empty folder" if not any(folder.iterdir()) else "no match",
            "Correct 'folder' or 'pattern' in the study file",
        )
    return [RunSource(path.name if path.is_dir() else path.stem, path, _within(path, file)) for path in paths]


def _within(path: Path, file: str | None) -> tuple[Path, ...]:
    if file is None:
        return (path,)
    return tuple(sorted(path.glob(file), key=_natural))


def _natural(path: Path) -> list:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]


def ingest(
    store: SnapshotStore,
    sources: Sequence[RunSource],
    table: ParameterTable,
    rules: Rules,
    progress: Callable[[int, int, str], None] | None = None,
) -> IngestReport:
    """Brings every new or changed run into the store; a bad one is filed with its reason and stops no other.

    progress: called after each run with (done, total, name). Raises StoreError if the store is not writable.
    """
    report = IngestReport()
    for name, value in table.constant().items():
        report.notes.append(f"parameter '{name}' is {value:g} in all {len(table.runs)} runs: left out")
    with store.incoming() as folder:
        for done, source in enumerate(sources, start=1):
            _ingest_one(store, folder, source, table, rules, report)
            if progress:
                progress(done, len(sources), source.name)
    return report


def _ingest_one(
    store: SnapshotStore,
    folder: Path,
    source: RunSource,
    table: ParameterTable,
    rules: Rules,
    report: IngestReport,
) -> None:
    before = [r for r in store.catalogue.records() if r.name == source.name]
    listing = _listing(source)
    draft = RunRecord(
        source.name,
        "rejected",
        units=dict(zip(table.names, table.units, strict=True)),
        sources=listing,
        settings=_settings(rules, table.row(source.name), store.reference_mesh),
    )
    for record in before:
        if _unchanged(record, draft):
            if record.state == "accepted":
                report.unchanged.append(source.name)
            else:
                report.rejected.append((source.name, record.reason or "", record.sentence or ""))
            return
    try:
        draft = replace(draft, parameters=check_parameters(source.name, table))
        run, reader = _read(source, rules)
        draft = replace(
            draft,
            reader=reader.name,
            reader_version=reader.version,
            notes=run.notes,
            sources=_summed(listing, run),
        )
        _check(store, run, rules)
        record = store.stage(folder, run, draft)
        check_duplicate(record, store.accepted())
    except RunRejected as why:
        store.reject(draft, why)
        report.rejected.append((source.name, why.reason, str(why)))
        return
    first = store.reference_mesh is None
    store.commit(folder, record)
    if first:
        # The reference is part of what a run was asked; without it the first would be read again.
        store.catalogue.put(
            replace(record, settings=_settings(rules, record.parameters, store.reference_mesh))
        )
    known = any(r.state == "accepted" and r.content == record.content for r in before)
    (report.unchanged if known else report.accepted).append(source.name)


def _read(source: RunSource, rules: Rules) -> tuple[Run, Reader]:
    if not source.files:
        raise RunRejected(
            "unreadable",
            f"Run '{source.name}' must hold the result file",
            "none",
            "Run the case, or correct 'file'",
        )
    reader = None
    try:
        reader = reader_named(rules.reader) if rules.reader else reader_for(source.files[0])
        run = read_series(reader, source.files, list(rules.fields), rules.step)
    except ReadError as error:
        raise RunRejected(_reason(error, reader, source, rules), error.must, error.got, error.do) from error
    fields = {name: replace(f, unit=rules.fields[name] or f.unit) for name, f in run.fields.items()}
    return replace(run, fields=fields), reader


def _reason(error: ReadError, reader: Reader | None, source: RunSource, rules: Rules) -> str:
    if isinstance(error, TruncatedError):
        return "truncated"
    with suppress(ReadError):
        if reader is not None and not rules.fields.keys() <= reader.describe(source.files[0]).fields.keys():
            return "missing field"
    return "unreadable"


def _check(store: SnapshotStore, run: Run, rules: Rules) -> None:
    check_fields(run, rules.fields)
    check_finite(run)
    check_bound(run, rules.bound)
    check_mesh(run.mesh.hash, store.reference_mesh, f"{run.mesh.n_points} points, {run.mesh.n_cells} cells")
    accepted = store.accepted()
    if accepted:
        check_times(run.times, np.array(accepted[0].times) if accepted[0].times else None, rules.time)


def _listing(source: RunSource) -> tuple[SourceFile, ...]:
    root = source.path
    paths = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
    stats = [(path, path.stat()) for path in paths]
    return tuple(SourceFile(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats)


def _summed(listing: Sequence[SourceFile], run: Run) -> tuple[SourceFile, ...]:
    read = {str(path) for path in run.files}
    return tuple(replace(f, sha256=_sha256(Path(f.path))) if f.path in read else f for f in listing)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unchanged(record: RunRecord, draft: RunRecord) -> bool:
    """Same files and same rules; a duplicate is looked at anew, since its twin may be gone."""
    if record.reason == "duplicated" or record.settings != draft.settings:
        return False
    return [(f.path, f.size, f.mtime_ns) for f in record.sources] == [
        (f.path, f.size, f.mtime_ns) for f in draft.sources
    ]


def _settings(rules: Rules, parameters: Mapping[str, float] | None, reference: str | None) -> str:
    asked = json.dumps([asdict(rules), parameters, reference], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()
