"""The MLflow registry as the supervisor sees it: which version is the champion, and its files.

The only module of this room that imports mlflow; the workers never do, their start would take twice as long.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fieldwright.data.disk import fault, is_gone
from fieldwright.data.errors import ModelError
from fieldwright.data.redaction import without_password
from fieldwright.data.tracking_file import follow_move, has_moved, sqlite_path, store_lock
from fieldwright.serving.hosting.shelf import Shelved
from fieldwright.surrogates.persistence.artifact import MANIFEST

# Its own limits would make a lookup on a server that is away take minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

ALIAS, CHALLENGER = "champion", "challenger"
SYSTEM_ERROR = re.compile(r"\[Errno (\d+)\][^'\"\n]*")
ABSENT = {ErrorCode.Name(INVALID_PARAMETER_VALUE), ErrorCode.Name(RESOURCE_DOES_NOT_EXIST)}


class NoChampion(ModelError):
    """The registry answers, and has no such version."""


class Registry:
    """Registered models of one tracking store; every failure is a ModelError that says which and why."""

    def __init__(self, tracking_uri: str) -> None:
        _refuse_missing_file(tracking_uri)
        self._uri = tracking_uri
        path = sqlite_path(tracking_uri)
        if path is not None and has_moved(path):
            with store_lock(tracking_uri):
                follow_move(path)

    def champion(self, model: str) -> Shelved:
        """The version that carries the alias champion now."""
        return self.aliased(model, ALIAS)

    def aliased(self, model: str, alias: str) -> Shelved:
        """The version that carries an alias now."""
        return self._version(
            model,
            lambda client: client.get_model_version_by_alias(model, alias),
            f"must have a version with the alias '{alias}'",
        )

    def numbered(self, model: str, version: str) -> Shelved:
        """The version of that number."""
        return self._version(
            model, lambda client: client.get_model_version(model, version), f"must have a version {version}"
        )

    def _version(self, model: str, ask: Callable[[MlflowClient], ModelVersion], must: str) -> Shelved:
        """The version that the registry gives; raises ModelError where there is none, or no registry answers."""
        try:
            version = ask(MlflowClient(self._uri, self._uri))
        # Connection, database and protocol errors come in many classes; each means the same to the user.
        except Exception as error:
            if isinstance(error, MlflowException) and error.error_code in ABSENT:
                raise NoChampion(
                    f"Model '{model}' {must} in {without_password(self._uri)}",
                    "none",
                    "Train and promote one first, or correct the name of the model or the tracking store",
                ) from error
            raise ModelError(
                f"The tracking store {without_password(self._uri)} must answer",
                _first_line(error),
                "Check the address and that the store is up",
            ) from error
        # Version 1 of another store, or of one made anew, is another model.
        origin = f"{self._uri} {version.source} {version.creation_timestamp}"
        digest = hashlib.sha256(origin.encode()).hexdigest()[:8]
        return Shelved(model, str(version.version), f"{version.version}-{digest}")

    def download(self, shelved: Shelved, into: Path) -> Path:
        """Fetches the version's files and returns the folder of the surrogate among them."""
        address = f"models:/{shelved.model}/{shelved.version}"
        try:
            with self._of_the_process():
                local = _local_folder(address)
                if local is None:
                    mlflow.artifacts.download_artifacts(artifact_uri=address, dst_path=str(into))
                else:
                    # MLflow's copy would follow links to wherever they lead.
                    _refuse_links(local)
                    shutil.copytree(local, into, symlinks=True, dirs_exist_ok=True)
            _refuse_links(into)
        except ModelError:
            raise
        except Exception as error:
            # Copies of many files put what the system has said of each into one text.
            system = SYSTEM_ERROR.search(str(error))
            failed = OSError(int(system[1]), system[0]) if system else None
            files = f"the files of version {shelved.version} of '{shelved.model}'"
            if system and failed and not is_gone(failed) and (cause := fault(failed, files)) is not None:
                raise ModelError(
                    cause[0], system[0].strip(), f"{cause[1]}; it is tried again by itself"
                ) from error
            raise ModelError(
                f"The files of version {shelved.version} of '{shelved.model}' must be in the registry",
                _first_line(error),
                "Promote a version whose files are there",
            ) from error
        manifests = sorted(into.rglob(MANIFEST))
        if len(manifests) != 1:
            raise ModelError(
                f"Version {shelved.version} of '{shelved.model}' must hold one folder with {MANIFEST}",
                f"{len(manifests)} of them",
                "Promote a version that a training pipeline has logged",
            )
        return manifests[0].parent

    def refuse_missing(self, shelved: Shelved) -> None:
        """Raises ModelError where the version's files are gone; those on a server are not looked for."""
        with self._of_the_process():
            local = _local_folder(f"models:/{shelved.model}/{shelved.version}")
        if local is not None and not any(local.rglob(MANIFEST)):
            raise ModelError(
                f"The files of version {shelved.version} of '{shelved.model}' must be in the registry",
                f"no {MANIFEST} under {local}",
                "The copy on the shelf is served; put the files back, or promote another version",
            )

    @contextlib.contextmanager
    def _of_the_process(self) -> Iterator[None]:
        """The address of a registered model is asked of no other registry than that of the process, which is a user's
        own where a notebook loads a model. MLflow keeps both in the environment too."""
        before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
        mlflow.set_tracking_uri(self._uri)
        mlflow.set_registry_uri(self._uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before["MLFLOW_TRACKING_URI"])  # type: ignore[arg-type]  # None forgets it
            mlflow.set_registry_uri(before["MLFLOW_REGISTRY_URI"] or "")
            if before["MLFLOW_REGISTRY_URI"] is None:
                os.environ.pop("MLFLOW_REGISTRY_URI", None)


def _local_folder(address: str) -> Path | None:
    """The folder of a model's files where they lie on this machine; None where a server has them."""
    repository: Any = get_artifact_repository(address)
    while hasattr(repository, "repo"):
        repository = repository.repo
    folder = getattr(repository, "artifact_dir", None)
    return None if folder is None else Path(folder)


def _refuse_links(folder: Path) -> None:
    """A link may lead anywhere, and a device or pipe never ends."""
    for parent, folders, files in os.walk(folder, onerror=_raise):
        for name in (*folders, *files):
            mode = (Path(parent) / name).lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise ModelError(
                    "All that a registered model holds must be files and folders of their own",
                    f"the link or device '{Path(parent) / name}'",
                    "Promote a version that a training pipeline has logged",
                )


def _raise(error: OSError) -> None:
    raise error


def _refuse_missing_file(tracking_uri: str) -> None:
    """MLflow would quietly make a new, empty store of a mistyped path."""
    scheme, _, location = tracking_uri.partition("://")
    path = Path(location.removeprefix("/")) if scheme == "sqlite" else None
    if not location and "://" not in tracking_uri:
        path = Path(tracking_uri.removeprefix("file:"))
    if path is not None and not path.exists():
        raise ModelError(
            "The tracking store must exist",
            f"'{tracking_uri}', and there is no {path.resolve()}",
            "Correct --tracking-uri, or train a model into it first",
        )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return without_password(f"{type(error).__name__}: {lines[0] if lines else 'no further words'}")
