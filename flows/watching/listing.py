"""What lies in the places of a study, by names, sizes and time stamps: a look that is cheap on any file system."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

PARTIAL = ("*.tmp", "*.part", "*.partial", "*.filepart", "*.crdownload", ".~lock*", ".*.sw?", ".nfs*", ".#*")
"""Names of files that are being written; a run with one of them is not complete."""


@dataclass(frozen=True)
class WatchedPlaces:
    """Where new files of a study appear.

    Attributes
    ----------
    folder
        Of the runs or photos; None where the study has none.
    pattern
        Which of its entries count. Each is a run, which is complete or not by itself; None where the folder is
        complete as a whole or not at all.
    files
        Files beside it, without which nothing can be run: tables, measurements, the study file.
    """

    folder: Path | None
    pattern: str | None
    files: tuple[Path, ...]


@dataclass(frozen=True)
class WatchedEntry:
    """A run, or a file that all runs need.

    signature: digest of its listing. partial: whether a file of it is being written.
    """

    path: Path
    signature: str
    partial: bool
    needed: bool = False


def list_entries(places: WatchedPlaces, ignore: Sequence[str] = ()) -> dict[str, WatchedEntry]:
    """The entries by name, that of a run relative to the folder; a file or folder that is not there is none.

    Raises OSError where a folder cannot be looked into, which on a network is no sign that it is empty.
    """
    entries = {}
    for path in places.files:
        if path.exists():
            entries[f"file {path}"] = _entry(path, ignore, needed=True)
    folder = places.folder
    if folder is None or not folder.is_dir():
        return entries
    if places.pattern is None:
        return {**entries, "folder": _entry(folder, ignore, needed=True)}
    # `glob` takes a folder that cannot be read for an empty one.
    next(os.scandir(folder), None)
    for path in sorted(folder.glob(places.pattern)):
        if not path.name.startswith(".") and not _matches(path.name, ignore):
            entries[path.relative_to(folder).as_posix()] = _entry(path, ignore)
    return entries


def _entry(path: Path, ignore: Sequence[str], needed: bool = False) -> WatchedEntry:
    digest, partial = hashlib.sha256(), _matches(path.name, PARTIAL)
    for name, stat in _files(path):
        base = os.path.basename(name)
        if _matches(base, ignore):
            continue
        partial = partial or _matches(base, PARTIAL)
        digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return WatchedEntry(path, digest.hexdigest(), partial, needed)


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Name and size of the files of a folder, or of the file; one that vanishes meanwhile is left out."""
    if not path.is_dir():
        try:
            yield path.name, path.stat()
        except OSError:
            return
        return
    for root, folders, names in os.walk(path, onerror=_refuse):
        folders.sort()
        for name in sorted(names):
            full = os.path.join(root, name)
            try:
                yield os.path.relpath(full, path), os.stat(full)
            except OSError:
                continue


def _refuse(error: OSError) -> None:
    # A folder that was moved away meanwhile is a change; one that cannot be read is none.
    if not isinstance(error, FileNotFoundError):
        raise error


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
