"""Which sort of study a file is."""

from __future__ import annotations

from pathlib import Path

from fieldwright.data.errors import StudyError
from fieldwright.flows.sorts import SORTS
from fieldwright.flows.study.file import StudyFile, read_toml
from fieldwright.flows.study.runs_study import Study


def load_study(path: Path) -> StudyFile:
    """Reads a study file of any sort; raises StudyError with one sentence that names the key at fault."""
    values = read_toml(path)
    sort = next(sort for sort in SORTS if sort.key in values or not sort.key)
    return sort.study_class().of(values, path)


def load_study_of_runs(path: Path, command: str) -> Study:
    """Reads a study of runs; raises StudyError for another sort, for which the command is not."""
    study = load_study(path)
    if not isinstance(study, Study):
        raise StudyError(
            f"`fieldwright {command}` must be given a study of {Study.sort}",
            f"{path.name}, a study of {study.sort}",
            f"Use `fieldwright run {path.name}` and `fieldwright status {path.name}`",
        )
    return study
