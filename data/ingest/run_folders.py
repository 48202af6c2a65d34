"""Where in a folder the runs are: which entries, and which file in each is the result."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from fieldwright.data.disk import is_broken_link
from fieldwright.data.errors import ReadError
from fieldwright.data.formats import Reader, reader_for
from fieldwright.data.ingest.parameters.table_search import TABLES, find_table

_DEPTH = 3
_MOST_CANDIDATES = 40
_LOOKED_INTO = 3
# What stands in a run's folder and is no result of it.
_NO_RESULTS = re.compile(r"postProcessing|processor\d+|constant|system|dynamicCode|\..*|__pycache__")


@dataclass(frozen=True)
class RunFolders:
    """The runs of a folder: entries that `pattern` matches, and the `file` in each (None: the entry itself)."""

    folder: Path
    pattern: str
    file: str | None
    reader: Reader
    entries: tuple[Path, ...]
    notes: tuple[str, ...] = field(default=())

    def result_of(self, entry: Path) -> Path:
        """The result of one run; raises ReadError where it is missing."""
        if self.file is None:
            return entry
        results = sorted(entry.glob(self.file))
        if not results:
            raise ReadError(f"Run '{entry.name}' must hold '{self.file}'", "none", "Run the case again")
        return results[0]


def find_run_folders(folder: Path) -> RunFolders:
    """The largest group of entries that hold the same kind of result; the folder itself if it is one run.

    Raises ReadError where nothing in it is recognised.
    """
    own_reader = _accepting(folder)
    if own_reader is not None and not (own_reader.name == "series" and _files_are_runs(folder)):
        return RunFolders(folder.parent, folder.name, None, own_reader, (folder,))
    entries = sorted((p for p in folder.iterdir() if not _NO_RESULTS.fullmatch(p.name)), key=_natural)
    within = _sweep_within(folder)
    if within is not None:
        return within
    candidates = {entry: _candidates(entry) for entry in entries}
    groups: list[tuple[bool, RunFolders]] = []
    grouped: set[Path] = set()
    for entry, options in candidates.items():
        if options and entry not in grouped:
            groups.append(_group(folder, entry, entries, options))
            grouped |= set(groups[-1][1].entries)
    sweeps = [entry for entry, options in candidates.items() if options is None]
    if not groups and len(sweeps) == 1:
        return find_run_folders(sweeps[0])
    if not groups:
        raise ReadError(
            f"'{folder.name}' must hold runs in a supported format",
            f"{len(entries)} entries that no reader recognises" if entries else "an empty folder",
            "Name the folder of the runs, or export them as VTU",
        )
    # What can be read comes before what is more: VTK may be missing for the one and not for the other.
    _, best = max(groups, key=lambda group: (group[0], len(group[1].entries)))
    others = [
        e.name for e, options in candidates.items() if e.is_dir() and options != [] and e not in best.entries
    ]
    without = [e.name for e, options in candidates.items() if e.is_dir() and options == []]
    if others or len(best.entries) > 1:
        notes = [f"not of these runs: {', '.join(others)}"] if others else []
        notes += [f"no result in: {', '.join(without)}"] if without and best.entries[0].is_dir() else []
        return replace(best, notes=tuple(notes))
    # One result in a folder: the folder is the run.
    only = next(iter(best.entries))
    file = only.name if best.file is None else f"{only.name}/{best.file}"
    return RunFolders(folder.parent, folder.name, file, best.reader, (folder,))


def _group(
    folder: Path, entry: Path, entries: list[Path], candidates: list[tuple[str | None, Reader]]
) -> tuple[bool, RunFolders]:
    """The entries that are runs like this one, and whether this one can be read."""
    scores = [(*option, _worth(entry, *option)) for option in candidates]
    relative, reader, worth = max(scores, key=lambda option: option[2])
    readable = worth[0] >= 0
    if relative is None:
        alike = [
            e
            for e in entries
            if e.suffix == entry.suffix
            and ((e.is_dir() == entry.is_dir() and reader.accepts(e)) or _is_empty_file(e))
        ]
        return readable, RunFolders(folder, _pattern(alike, entries), None, reader, tuple(alike))
    folders = [e for e in entries if e.is_dir()]
    by_name = [e for e in folders if reader.accepts(e / relative)]
    # Files may be named after their runs.
    wide = str(Path(relative).with_name(f"*{Path(relative).suffix}")) if Path(relative).suffix else relative
    matches = {e: [path for path in e.glob(wide) if reader.accepts(path)] for e in folders}
    by_kind = [e for e, paths in matches.items() if len(paths) == 1]
    file, alike = (relative, by_name) if len(by_name) >= len(by_kind) else (wide, by_kind)
    return readable, RunFolders(folder, _pattern(alike, folders), file, reader, tuple(alike))


def _is_empty_file(path: Path) -> bool:
    """Whether it is a file without content or a link that leads nowhere: a run that cannot be read."""
    return is_broken_link(path) or (path.is_file() and path.stat().st_size == 0)


def _candidates(entry: Path) -> list[tuple[str | None, Reader]] | None:
    """What may be the result of an entry, itself or what is in it; None for a folder of several runs."""
    own_reader = _accepting(entry)
    if own_reader is not None or not entry.is_dir():
        return [(None, own_reader)] if own_reader is not None else []
    options: list[tuple[str | None, Reader]] = []
    level = [entry]
    for _ in range(_DEPTH):
        inner = [path for place in level for path in sorted(_entries(place), key=_natural)]
        inner = [path for path in inner if not _NO_RESULTS.fullmatch(path.name)]
        accepted = [(path, reader) for path in inner[:_MOST_CANDIDATES] if (reader := _accepting(path))]
        places = {(path if path.is_dir() else path.parent, reader.name) for path, reader in accepted}
        if len({name for _, name in places}) < len(places):
            # Results in several folders side by side.
            return options or None
        options += [(path.relative_to(entry).as_posix(), reader) for path, reader in accepted]
        level = [path for path in inner if path.is_dir() and _accepting(path) is None]
    return options


def _entries(folder: Path) -> list[Path]:
    """What is in a folder; nothing where it must not be looked into, which says nothing of the other runs."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _worth(entry: Path, relative: str | None, reader: Reader) -> tuple[int, int, int]:
    """Times, fields and bytes of a candidate: of two views of one result the richer is taken."""
    try:
        described = reader.describe(entry / relative if relative else entry)
    except ReadError:
        return -1, 0, 0
    n_times = 1 if described.times is None else len(described.times)
    return n_times if described.fields else 0, len(described.fields), described.size_bytes


def _pattern(alike: list[Path], entries: list[Path]) -> str:
    """A glob that matches the entries and no other."""
    if len(alike) == 1:
        return alike[0].name
    names = [entry.name for entry in alike]
    shared = next((i for i, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), 0)
    prefix = names[0][:shared].rstrip("0123456789")
    suffix = alike[0].suffix if alike[0].is_file() else ""
    for pattern in ("*" + suffix, f"{prefix}*{suffix}"):
        if [entry for entry in entries if entry.match(pattern)] == alike:
            return pattern
    return f"{prefix}*{suffix}"


def _accepting(path: Path) -> Reader | None:
    try:
        return reader_for(path)
    except ReadError:
        return None


def _files_are_runs(folder: Path) -> bool:
    """Whether the numbered files of a folder are runs, not times.

    They are where a table in it or above it has rows for them, or where their own times do not go on from file to
    file.
    """
    files = [path for path in folder.iterdir() if path.is_file()]
    if _each_begins_anew(sorted(files, key=_natural)):
        return True
    if any(path.suffix.lower() in (".csv", ".xlsx", ".json") for path in files):
        return True
    stems = list(dict.fromkeys(path.stem for path in files if re.search(r"\d", path.stem)))
    if len(stems) < 2 or find_table(folder, stems) is None:
        return False
    # A table of the folders beside this one tells nothing of the files in it.
    beside = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    return len(beside) < 2 or find_table(folder, beside) is None


def _each_begins_anew(files: list[Path]) -> bool:
    """Whether the first files hold several times each, none of which begins where the one before ended."""
    ends = None
    for path in files[:_LOOKED_INTO]:
        try:
            times = reader_for(path).describe(path).times
        except ReadError:
            return False
        if times is None or len(times) < 2 or (ends is not None and times[0] >= ends):
            return False
        ends = times[-1]
    return len(files) > 1


def _sweep_within(folder: Path) -> RunFolders | None:
    """The runs of the one folder in this one whose numbered files the table beside that folder lists."""
    if not any(path.suffix.lower() in TABLES for path in folder.iterdir()):
        return None
    inner = [path for path in folder.iterdir() if path.is_dir() and not _NO_RESULTS.fullmatch(path.name)]
    series = [
        path
        for path in inner
        if (own_reader := _accepting(path)) and own_reader.name == "series" and _files_are_runs(path)
    ]
    return find_run_folders(series[0]) if len(inner) == len(series) == 1 else None


def _natural(path: Path) -> list[tuple[int, int, str]]:
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", path.name)]
