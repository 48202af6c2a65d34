"""How much the artifacts of runs and logged models take, and their removal."""

from __future__ import annotations

import contextlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from fieldwright.flows.tracking.mlflow_runs import Tracking

MB = 1e6


def artifact_bytes(uri: str) -> int:
    """The size of all files below an artifact URI; 0 where there are none, or none that can be listed."""
    folder = local_folder(uri)
    if folder is not None:
        return folder_bytes(folder)
    with contextlib.suppress(MlflowException, OSError):
        repository = get_artifact_repository(uri)

        def total(files: list[FileInfo]) -> int:
            return sum(
                total(repository.list_artifacts(one.path)) if one.is_dir else int(one.file_size or 0)
                for one in files
            )

        return total(repository.list_artifacts())
    return 0


def delete_artifacts(uri: str) -> None:
    """Deletes all files below an artifact URI; none there is no error.

    Raises OSError or MlflowException where they cannot be deleted.
    """
    folder = local_folder(uri)
    if folder is not None and not folder.exists():
        return
    get_artifact_repository(uri).delete_artifacts()
    if folder is not None and folder.name == "artifacts":
        # The folder of the run itself, which MLflow leaves.
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def pipeline_megabytes(tracking: Tracking, run_id: str) -> float:
    """What a pipeline takes in MLflow: its artifacts, those of the runs below it, and the models they have logged."""
    experiment, client = tracking.experiment_id(), tracking.client
    runs = [client.get_run(run_id)]
    for parent in runs:  # grows: candidates, and the trials below them
        runs += client.search_runs([experiment], f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
    size = sum(artifact_bytes(str(run.info.artifact_uri)) for run in runs)
    models = client.search_logged_models([experiment], f"source_run_id = '{run_id}'")
    return (size + sum(artifact_bytes(one.artifact_location) for one in models)) / MB


def local_folder(uri: str) -> Path | None:
    """The folder that an artifact URI is on this machine; None where it is elsewhere."""
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme in ("", "file") else None


def folder_bytes(folder: Path) -> int:
    """The size of all files in a folder; one that vanishes meanwhile counts nothing."""
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            size += path.lstat().st_size if not path.is_dir() else 0
    return size
