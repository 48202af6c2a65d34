"""Runs on disk: where they are, and whether they have changed since they were read."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG

from fieldwright.data.disk import broken_link, is_broken_link
from fieldwright.data.errors import ReadError, RunRejected, StudyError
from fieldwright.data.formats import reader_named, runs_in, split_address
from fieldwright.data.ingest.parameters.table import ParameterTable, table_from_rows
from fieldwright.data.ingest.solver_log import failure_in_logs
from fieldwright.data.store.catalogue import SourceFile


@dataclass(frozen=True)
class RunSource:
    """One run on disk: its name, its folder or file, and what to read (several files: one per time)."""

    name: str
    path: Path
    files: tuple[Path, ...] = ()

    @property
    def folder(self) -> Path:
        """The folder that holds the run's files: its own, or the one in which its file lies."""
        path, _ = split_address(self.path)
        return path if path.is_dir() else path.parent


def find_runs(
    folder: Path, pattern: str = "*", file: str | None = None, reader: str | None = None
) -> list[RunSource]:
    """The runs of a folder: what matches `pattern`, and in each the `file` (a pattern too) to be read.

    A file that holds many runs counts as that many. reader: name of the format; None to have it recognised.
    Raises StudyError where the folder is missing, nothing in it matches, or two runs have one name.
    """
    if not folder.is_dir():
        raise StudyError("The folder of the runs must exist", f"'{folder}'", "Correct 'folder' in the study")
    paths = sorted((path for path in folder.glob(pattern) if not path.name.startswith(".")), key=_natural)
    if file is not None:
        # A link that leads nowhere is a run that cannot be read, and is rejected as such.
        paths = [path for path in paths if path.is_dir() or is_broken_link(path)]
    if not paths:
        raise StudyError(
            f"The folder '{folder}' must hold runs that match '{pattern}'",
            "an empty folder" if not any(folder.iterdir()) else "no match",
            "Correct 'folder' or 'pattern' in the study file",
        )
    sources: dict[str, RunSource] = {}
    for path in paths:
        name = path.name if path.is_dir() or file is not None else path.stem
        if name in sources:
            raise StudyError(
                "Each run must have a name of its own",
                f"'{name}' for '{sources[name].path}' and for '{path}'",
                "Narrow 'pattern' in the study file, or rename one of them",
            )
        sources[name] = RunSource(name, path, _within(path, file))
    return [run for source in sources.values() for run in _runs_of(source, reader)]


def _runs_of(source: RunSource, reader: str | None) -> list[RunSource]:
    """The runs that a file holds, "sweep.npz#3" each; the source itself where it is one run."""
    if not source.path.is_file():
        return [source]
    try:
        runs = runs_in(source.path, reader_named(reader) if reader else None)
    except (ReadError, OSError):
        return [source]  # a damaged file is one run, which ingestion rejects with the reason
    places = {f"{source.name}#{run}": Path(f"{source.path}#{run}") for run in runs}
    return [RunSource(name, place, (place,)) for name, place in places.items()] or [source]


def table_in_files(
    sources: Sequence[RunSource], reader: str | None, units: Mapping[str, str | None]
) -> ParameterTable:
    """The parameters that files of many runs give beside the fields, by the names that the files use.

    Raises StudyError where the first file lacks one of them.
    """
    rows: dict[str, dict[str, float]] = {}
    problems = {}
    for path in dict.fromkeys(split_address(source.path)[0] for source in sources):
        for run, parameters in runs_in(path, reader_named(reader) if reader else None).items():
            lacking = [name for name in units if name not in parameters]
            if lacking and not rows:
                raise StudyError(
                    f"'{path.name}' must give the parameter '{lacking[0]}' for each run",
                    f"the parameters {', '.join(parameters) or 'none'}",
                    "Correct its name in the study file, or give a 'table'",
                )
            if lacking:
                problems[f"{path.stem}#{run}"] = f"no value of {', '.join(lacking)}"
            else:
                rows[f"{path.stem}#{run}"] = {name: parameters[name] for name in units}
    table = table_from_rows(rows, units)
    return ParameterTable(table.names, table.units, table.runs, table.values, problems)


def listing(source: RunSource) -> tuple[SourceFile, ...]:
    """Every file of the run with size and time stamp: a new or longer one means that the run has changed.

    Files that vanish meanwhile, such as those of a solver at work, are left out. Raises OSError where the run
    itself cannot be looked at.
    """
    root, _ = split_address(source.path)
    if not root.is_dir():
        stat = root.stat()
        return (SourceFile(str(root), stat.st_size, stat.st_mtime_ns),)
    # So that a folder that must not be looked into is an error and not an empty one.
    next(root.iterdir(), None)
    files = []
    for path in sorted(root.rglob("*")):
        with suppress(OSError):
            stat = path.stat()
            if S_ISREG(stat.st_mode):
                files.append(SourceFile(str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(files)


def check_result(source: RunSource) -> None:
    """Raises RunRejected ("unreadable" or "diverged") where a run has no result to read, with the true cause.

    Raises OSError where the run's folder cannot be looked into.
    """
    if is_broken_link(source.path):
        raise RunRejected("unreadable", *broken_link(source.path).args)
    if not source.path.is_dir():
        return
    entries = sorted(source.path.iterdir())
    if not entries:
        must = f"Run '{source.name}' must hold a result"
        raise RunRejected("unreadable", must, "an empty folder", "Run the case, or remove the folder")
    if source.files:
        return
    for path in entries:
        if is_broken_link(path):
            raise RunRejected("unreadable", *broken_link(path).args)
    must = f"Run '{source.name}' must hold the result file"
    failure = failure_in_logs(source.path)
    if failure is not None:
        got = f"no such file; the solver says {failure}"
        raise RunRejected("diverged", must, got, "Mend what the solver names and run the case again")
    got = f"no such file among {len(entries)}, such as '{entries[0].name}'"
    raise RunRejected("unreadable", must, got, "Run the case, or correct 'file' in the study file")


def with_sums(files: Sequence[SourceFile], read: Iterable[Path]) -> tuple[SourceFile, ...]:
    """The listing with the SHA-256 of those files that values came from."""
    paths = {str(path) for path in read}
    return tuple(replace(file, sha256=_sum(file.path)) if file.path in paths else file for file in files)


def unchanged(before: Sequence[SourceFile], now: Sequence[SourceFile]) -> bool:
    """Whether the files are those that were read: same paths and sizes, and same time stamp or same content."""
    if [(f.path, f.size) for f in before] != [(f.path, f.size) for f in now]:
        return False
    touched = [(b, n) for b, n in zip(before, now, strict=True) if b.mtime_ns != n.mtime_ns]
    return all(b.sha256 and b.sha256 == _sum(n.path) for b, n in touched)


def _within(path: Path, file: str | None) -> tuple[Path, ...]:
    return (path,) if file is None else tuple(sorted(path.glob(file), key=_natural))


def _natural(path: Path) -> list[tuple[int, str | int]]:
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part)) if part.isdigit() else (0, part) for part in parts]


def _sum(path: str) -> str:
    stat = os.stat(path)
    return _sum_of(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _sum_of(path: str, size: int, mtime_ns: int) -> str:
    # Called for each run of a file of many runs.
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
