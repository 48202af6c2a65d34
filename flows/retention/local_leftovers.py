"""What a study leaves on this machine and needs no more: superseded runs, stale matrices, steps, old predictions."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fieldwright.data.environment import home
from fieldwright.data.errors import FieldwrightError
from fieldwright.data.prediction_log import predictions_folder
from fieldwright.data.store.frozen_matrix import MATRICES, FrozenMatrix
from fieldwright.data.store.snapshot_store import SUPERSEDED, SnapshotStore
from fieldwright.flows.resumption.step_results import steps_folder
from fieldwright.flows.study.file import StudyFile

DAY = 86400.0


@dataclass(frozen=True)
class Leftover:
    """A file or folder that can go, and what it is, in the plural."""

    kind: str
    path: Path

    @property
    def bytes(self) -> int:
        """Its size."""
        paths = self.path.rglob("*") if self.path.is_dir() else [self.path]
        size = 0
        for path in paths:
            with contextlib.suppress(OSError):
                size += 0 if path.is_dir() else path.lstat().st_size
        return size

    def remove(self) -> None:
        """Deletes it; one that is gone already is no error."""
        if self.path.is_dir():
            # Under its name there is all of it or nothing, for whoever reads meanwhile.
            doomed = self.path.with_name(f".{self.path.name}.removed")
            shutil.rmtree(doomed, ignore_errors=True)
            self.path.rename(doomed)
            shutil.rmtree(doomed)
        else:
            self.path.unlink(missing_ok=True)


def leftovers(study: StudyFile, resumable: bool) -> list[Leftover]:
    """What can go. resumable: whether the kept steps are of a pipeline that can be gone on from."""
    return [
        *_of_store(home() / "stores" / study.name),
        *_steps(study, resumable),
        *_predictions(study),
    ]


def _of_store(path: Path) -> Iterator[Leftover]:
    for folder in (path / SUPERSEDED, path / MATRICES):
        # What a killed removal has left.
        yield from (
            Leftover("unfinished removals", one) for one in _entries(folder) if one.name.startswith(".")
        )
    yield from (Leftover("superseded and withdrawn runs", one) for one in _visible(path / SUPERSEDED))
    matrices = _visible(path / MATRICES)
    if not matrices:
        return
    contents = {record.content for record in SnapshotStore(path).accepted()}
    for one in matrices:
        with contextlib.suppress(FieldwrightError):
            if not contents.issuperset(FrozenMatrix(one).info.contents):
                yield Leftover("frozen matrices of runs that are no longer so", one)


def _steps(study: StudyFile, resumable: bool) -> Iterator[Leftover]:
    folder = steps_folder(study.name)
    if not folder.is_dir():
        return
    age = time.time() - max(one.stat().st_mtime for one in (folder, *folder.iterdir()))
    if not resumable or age > study.retention.step_results_days * DAY:
        yield Leftover("results of steps", folder)


def _predictions(study: StudyFile) -> Iterator[Leftover]:
    before = time.time() - study.retention.prediction_log_days * DAY
    for path in _visible(predictions_folder(study.name)):
        with contextlib.suppress(OSError):
            if path.is_file() and path.stat().st_mtime < before:
                yield Leftover("old predictions", path)


def _visible(folder: Path) -> list[Path]:
    return [one for one in _entries(folder) if not one.name.startswith(".")]


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
