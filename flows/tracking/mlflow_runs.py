"""Runs, models and the champion in MLflow; the one module of the pipeline that talks to it."""

from __future__ import annotations

import json
import math
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import mlflow.artifacts
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException

from fieldwright.data.environment import home
from fieldwright.data.errors import ModelError
from fieldwright.flows.tracking.store import open_store
from fieldwright.surrogates.persistence.artifact import MANIFEST

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CHAMPION = "champion"
"""The alias of the model version that endpoints serve."""
HOST, PROCESS = "host", "process"
"""Tags by which a run that was killed is recognised."""
REPORT = "report.json"
MOST_AT_ONCE = 1000
"""Numbers that MLflow takes in one call."""


@dataclass(frozen=True)
class ModelVersion:
    """A registered model version: its number as text, its metrics and its tags."""

    version: str
    run_id: str
    tags: Mapping[str, str]


def default_uri() -> str:
    """$MLFLOW_TRACKING_URI, or SQLite under the working folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home() / 'mlflow.db'}"


class Tracking:
    """The tracking store and registry of one study, named after it."""

    def __init__(self, uri: str | None, name: str) -> None:
        self.uri = uri or default_uri()
        self.name = name
        self.client = open_store(self.uri)

    def experiment_id(self) -> str:
        """The study's experiment, made at its first use."""
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is not None:
            return experiment.experiment_id
        place = (home() / "mlartifacts" / self.name).as_uri() if self.uri.startswith("sqlite:") else None
        try:
            return self.client.create_experiment(self.name, artifact_location=place)
        except MlflowException as error:
            # Another command has made it in the meantime.
            experiment = self.client.get_experiment_by_name(self.name)
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or experiment is None:
                raise
            return experiment.experiment_id

    @contextmanager
    def run(self, name: str, parent: str | None = None) -> Iterator[TrackedRun]:
        """One MLflow run, a child of `parent` if given; it ends FAILED if the block raises."""
        tags = {"mlflow.runName": name}
        tags |= (
            {"mlflow.parentRunId": parent}
            if parent
            else {HOST: socket.gethostname(), PROCESS: str(os.getpid())}
        )
        run = self.client.create_run(self.experiment_id(), tags=tags, run_name=name)
        try:
            yield TrackedRun(self.client, run.info.run_id)
        except BaseException:
            self.client.set_terminated(run.info.run_id, "FAILED")
            raise
        self.client.set_terminated(run.info.run_id, "FINISHED")

    def register(
        self, folder: Path, run_id: str, tags: Mapping[str, str], example: pd.DataFrame | None
    ) -> ModelVersion:
        """Logs a surrogate's folder as a pyfunc model "from code" and registers it as the next version."""
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        with mlflow.start_run(run_id=run_id):
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(Path(__file__).with_name("pyfunc_model.py")),
                artifacts={"surrogate": str(folder)},
                pip_requirements=["fieldwright"],
                input_example=example,  # type: ignore[arg-type]  # MLflow takes None, which it does not declare
            )
        try:
            self.client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = self.client.create_model_version(
            self.name, info.model_uri, run_id, tags=dict(tags), model_id=info.model_id
        )
        return ModelVersion(str(version.version), run_id, dict(tags))

    def champion(self) -> ModelVersion | None:
        """The version that bears the alias, or None while there is none."""
        try:
            version = self.client.get_model_version_by_alias(self.name, CHAMPION)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise ModelError(
                "The registry must answer",
                f"{self.uri}: {error.message}",
                "Check the tracking URI and its server",
            ) from error
        return ModelVersion(str(version.version), str(version.run_id), version.tags)

    def numbered(self, number: str) -> ModelVersion:
        """The version of that number; raises ModelError where there is none."""
        try:
            version = self.client.get_model_version(self.name, number)
        except MlflowException as error:
            raise ModelError(
                f"The model '{self.name}' must have the version that is named",
                f"'{number}' ({error.message})",
                "Correct the number; `fieldwright status` shows the champion's",
            ) from error
        return ModelVersion(str(version.version), str(version.run_id), version.tags)

    def download(self, version: ModelVersion, into: Path) -> Path:
        """Fetches the files of a version and returns the folder of the model's artifact among them."""
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        try:
            mlflow.artifacts.download_artifacts(
                artifact_uri=f"models:/{self.name}/{version.version}", dst_path=str(into)
            )
        except (MlflowException, OSError) as error:
            raise ModelError(
                f"The files of version {version.version} of '{self.name}' must be in the registry",
                str(error),
                "Take a version whose files are there",
            ) from error
        manifests = sorted(into.rglob(MANIFEST))
        if len(manifests) != 1:
            raise ModelError(
                f"Version {version.version} of '{self.name}' must hold one folder with {MANIFEST}",
                f"{len(manifests)} of them",
                "Take a version that a training pipeline has logged",
            )
        return manifests[0].parent

    def promote(self, version: ModelVersion) -> None:
        """Gives the alias to this version; endpoints that watch it follow."""
        self.client.set_registered_model_alias(self.name, CHAMPION, version.version)

    def json(self, run_id: str, name: str) -> Any:
        """The content of a JSON file of a run; None where it has none."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = self.client.download_artifacts(run_id, name, folder)
                return json.loads(Path(path).read_text(encoding="utf-8"))
        except (MlflowException, OSError, ValueError):
            return None

    @contextmanager
    def folder_of(self, version: ModelVersion) -> Iterator[Path]:
        """A copy of the registered model's files; raises ModelError where they are not to be had."""
        with tempfile.TemporaryDirectory() as folder:
            try:
                address = self.client.get_model_version_download_uri(self.name, version.version)
                path = mlflow.artifacts.download_artifacts(
                    artifact_uri=address, dst_path=folder, tracking_uri=self.uri
                )
            except (MlflowException, OSError) as error:
                raise ModelError(
                    f"The files of version {version.version} must be in the registry",
                    str(error),
                    "Restore them, or promote another version",
                ) from error
            (artifact,) = (one.parent for one in Path(path).rglob("manifest.json"))
            yield artifact.parent

    def finished_pipeline(self, inputs: str) -> dict[str, Any] | None:
        """The report of the last finished pipeline with these inputs; None where its version is no longer there."""
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is None:
            return None
        runs = self.client.search_runs(
            [experiment.experiment_id],
            f"tags.role = 'pipeline' and tags.inputs = '{inputs}' and attributes.status = 'FINISHED'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
        report = self.json(runs[0].info.run_id, REPORT) if runs else None
        if report is None:
            return None
        try:
            self.client.get_model_version(self.name, report["version"])
        except MlflowException:
            return None
        return report

    def end_killed_runs(self) -> int:
        """Ends as KILLED what pipelines of this machine have left RUNNING; how many pipelines there were.

        A pipeline that is killed cannot end its runs. The caller sees to it that no other one runs.
        """
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is None:
            return 0
        running = self.client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
        dead = {
            run.info.run_id
            for run in running
            if run.data.tags.get(HOST) == socket.gethostname() and not _alive(run.data.tags.get(PROCESS, ""))
        }
        number = len(dead)
        for _ in range(2):  # candidates, and the trials below them
            dead |= {run.info.run_id for run in running if run.data.tags.get("mlflow.parentRunId") in dead}
        for run_id in dead:
            self.client.set_terminated(run_id, "KILLED")
        return number

    def last_run(self) -> dict[str, str] | None:
        """Start, status and tags of the last pipeline run, or None."""
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is None:
            return None
        runs = self.client.search_runs(
            [experiment.experiment_id],
            "tags.role = 'pipeline'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
        return {"status": runs[0].info.status} | runs[0].data.tags if runs else None


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def metric_name(name: str) -> str:
    """The name as MLflow takes it: "max(stress)" as "max.stress", other signs that it refuses as underscores."""
    return re.sub(r"[^\w\-. :/]", "_", name.replace("(", ".").replace(")", ""))


class TrackedRun:
    """Writes into one MLflow run."""

    def __init__(self, client: mlflow.MlflowClient, run_id: str) -> None:
        self.client, self.id = client, run_id

    def params(self, values: Mapping[str, Any]) -> None:
        """Settings, compared side by side in the UI."""
        for key, value in values.items():
            self.client.log_param(self.id, key, value)

    def metrics(self, values: Mapping[str, float]) -> None:
        """Numbers; one that is not finite cannot be compared and is left out."""
        for key, value in values.items():
            if math.isfinite(value):
                self.client.log_metric(self.id, metric_name(key), float(value))

    def steps(self, rows: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Numbers that change with the steps of a training, as curves: (step, values) each; in few calls."""
        now = int(time.time() * 1000)
        metrics = [
            Metric(metric_name(key), float(value), now, step)
            for step, values in rows
            for key, value in values.items()
            if math.isfinite(value)
        ]
        for start in range(0, len(metrics), MOST_AT_ONCE):
            self.client.log_batch(self.id, metrics=metrics[start : start + MOST_AT_ONCE])

    def tags(self, values: Mapping[str, str]) -> None:
        """Words to search runs by."""
        for key, value in values.items():
            self.client.set_tag(self.id, key, value)

    def figure(self, figure: Figure, name: str) -> None:
        """A picture, shown under the run's artifacts."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            # Half of the time of a picture goes into the last tenth of its size.
            figure.savefig(path, dpi=120, pil_kwargs={"compress_level": 1})
            self.client.log_artifact(self.id, str(path), "figures")

    def json(self, content: Any, name: str) -> None:
        """A table or report as JSON."""
        self.client.log_dict(self.id, content, name)

    def file(self, path: Path) -> None:
        """A file as it is."""
        self.client.log_artifact(self.id, str(path))
