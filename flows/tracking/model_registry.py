"""The registered models of a study in MLflow: versions, their files, and the alias of the champion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import mlflow.artifacts
import mlflow.pyfunc
from mlflow.exceptions import MlflowException
from mlflow.models import Model, infer_signature
from mlflow.utils import requirements_utils

from fieldwright.data.errors import ModelError
from fieldwright.flows.tracking.process_store import store_of_the_process
from fieldwright.flows.tracking.sqlite_reading import CHAMPION
from fieldwright.surrogates.persistence.artifact import MANIFEST

if TYPE_CHECKING:
    import pandas as pd


@contextmanager
def packages_known() -> Iterator[None]:
    """Spares MLflow, within the block, the search through the files of all packages of the environment.

    It looks for the packages that a model requires by the modules that they hold, which here is no question.
    """
    before = requirements_utils._MODULES_TO_PACKAGES
    requirements_utils._MODULES_TO_PACKAGES = {name: [name] for name in ("fieldwright", "mlflow")}
    try:
        yield
    finally:
        requirements_utils._MODULES_TO_PACKAGES = before


class _UntriedPyfunc:
    """MLflow's pyfunc flavour for a model whose signature is known and which has answered its example.

    `mlflow.pyfunc.log_model` would load the model beside the one that was trained, to learn the first and again to
    try the second.
    """

    @staticmethod
    def save_model(path: str, mlflow_model: Model, validate_serving_input: bool, **settings: Any) -> None:
        """Writes the model's folder; `Model.log` asks for it, and reads `validate_serving_input` itself."""
        mlflow.pyfunc.save_model(path=path, mlflow_model=mlflow_model, **settings)


@dataclass(frozen=True)
class ModelVersion:
    """A registered model version: its number as text, the run that logged it, and its tags."""

    version: str
    run_id: str
    tags: Mapping[str, str]


class ModelRegistry:
    """The versions of one registered model."""

    def __init__(self, uri: str, name: str, client: mlflow.MlflowClient) -> None:
        self.uri, self.name, self.client = uri, name, client

    def register(
        self,
        folder: Path,
        run_id: str,
        tags: Mapping[str, str],
        example: pd.DataFrame | None,
        answer: pd.DataFrame | None = None,
    ) -> ModelVersion:
        """Logs a surrogate's folder as a pyfunc model "from code" and registers it as the next version.

        example, answer: a table of queries and what the model says to it, from which its signature follows.
        """
        signature = None if example is None else infer_signature(example, answer)
        # The whole of it: a version is looked up by an address of the process's store.
        with store_of_the_process(self.uri):
            with mlflow.start_run(run_id=run_id), packages_known():
                info = Model.log(
                    artifact_path=None,
                    name="model",
                    flavor=_UntriedPyfunc,
                    flavor_name=mlflow.pyfunc.FLAVOR_NAME,
                    validate_serving_input=False,
                    python_model=str(Path(__file__).with_name("pyfunc_model.py")),
                    artifacts={"surrogate": str(folder)},
                    pip_requirements=["fieldwright"],
                    signature=signature,
                    input_example=example,
                )
            # MLflow has just called it finished, which the pipeline is not.
            self.client.update_run(run_id, status="RUNNING")
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
        try:
            with store_of_the_process(self.uri):
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
