"""Which family of studies a file is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fieldwright.data.errors import StudyError
from fieldwright.flows.study.file import StudyFile, read_toml
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.study_families import STUDY_FAMILIES

if TYPE_CHECKING:
    from fieldwright.flows.study.photo_study import PhotoStudy


def load_study(path: Path) -> StudyFile:
    """Reads a study file of any family; raises StudyError with one sentence that names the key at fault."""
    values = read_toml(path)
    family = next(family for family in STUDY_FAMILIES if family.key in values or not family.key)
    return family.study_class().of(values, path)


def load_study_of_runs(path: Path, command: str) -> Study:
    """Reads a study of runs; raises StudyError for one of another family, for which the command is not."""
    study = load_study(path)
    if not isinstance(study, Study):
        raise StudyError(
            f"`fieldwright {command}` must be given a study of {Study.subject}",
            f"{path.name}, a study of {study.subject}",
            f"Use `fieldwright run {path.name}` and `fieldwright status {path.name}`",
        )
    return study


def load_study_of_photos(path: Path, command: str) -> PhotoStudy:
    """Reads a study of photos; raises StudyError for one of another family, for which the command is not."""
    # Its settings import torch, which takes seconds.
    from fieldwright.flows.study.photo_study import PhotoStudy

    study = load_study(path)
    if not isinstance(study, PhotoStudy):
        raise StudyError(
            f"`fieldwright {command}` must be given a study of {PhotoStudy.subject}",
            f"{path.name}, a study of {study.subject}",
            f"Use `fieldwright run {path.name}` and `fieldwright status {path.name}`",
        )
    return study
