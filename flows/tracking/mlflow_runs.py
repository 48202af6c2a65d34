"""The tracking store of a study in MLflow: its experiment, and the runs in it."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlflow.exceptions import MlflowException

from fieldwright.data.tracking_file import default_uri
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.artifact_place import artifact_place
from fieldwright.flows.tracking.experiment_page import KIND
from fieldwright.flows.tracking.model_registry import ModelRegistry
from fieldwright.flows.tracking.store import open_store
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.user import user_at_host

HOST, PROCESS = "host", "process"
"""Tags by which a run that was killed is recognised."""


class Tracking:
    """The tracking store and registry of one study, named after it.

    source: what its runs are run from, the study file.
    """

    def __init__(
        self, uri: str | None, name: str, artifacts: str | None = None, source: Path | None = None
    ) -> None:
        self.uri = uri or default_uri()
        self.name = name
        self._artifacts = artifacts
        self.source = "fieldwright" if source is None else str(source)
        self.client = open_store(self.uri)
        self.registry = ModelRegistry(self.uri, name, self.client)

    @classmethod
    def of(cls, study: StudyFile) -> Tracking:
        """That of a study, where its file and the environment say."""
        return cls(study.tracking.uri, study.name, study.tracking.artifacts, study.path)

    def experiment_id(self) -> str:
        """The study's experiment, made at its first use."""
        experiment = self.client.get_experiment_by_name(self.name)
        if experiment is not None:
            if not KIND.items() <= experiment.tags.items():
                for key, value in KIND.items():
                    self.client.set_experiment_tag(experiment.experiment_id, key, value)
            return experiment.experiment_id
        # A server decides by itself where files lie.
        is_server = self.uri.startswith(("http://", "https://"))
        place = None if is_server else f"{artifact_place(self._artifacts)}/{quote(self.name)}"
        try:
            return self.client.create_experiment(self.name, artifact_location=place, tags=KIND)
        except MlflowException as error:
            # Another command has made it in the meantime.
            experiment = self.client.get_experiment_by_name(self.name)
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or experiment is None:
                raise
            return experiment.experiment_id

    @contextmanager
    def run(self, name: str, parent: str | None = None) -> Iterator[TrackedRun]:
        """One MLflow run, a child of `parent` if given; it ends FAILED if the block raises."""
        tags = {"mlflow.runName": name, "mlflow.user": user_at_host()}
        tags |= {"mlflow.source.name": self.source, "mlflow.source.type": "LOCAL"}
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

    def json(self, run_id: str, name: str) -> Any:
        """The content of a JSON file of a run; None where it has none."""
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = self.client.download_artifacts(run_id, name, folder)
                return json.loads(Path(path).read_text(encoding="utf-8"))
        except (MlflowException, OSError, ValueError):
            return None
