"""Which pipelines and versions of a study must stay, and the removal of the others from MLflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mlflow.entities import LoggedModel, Run, ViewType
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.past_runs.artifact_sizes import artifact_bytes, delete_artifacts
from fieldwright.flows.tracking.past_runs.continued_runs import INPUTS, PARENT
from fieldwright.flows.tracking.pipelines import REPORT
from fieldwright.flows.tracking.versions.version_history import VersionHistory

PRUNED = "pruned"
"""Tag of a run that is being removed: one that a killed `prune` has left is recognised by it."""
AT_ONCE = 1000


@dataclass
class StudyInMlflow:
    """All that MLflow has of a study: pipelines by start, the last first; the runs below each; versions; models."""

    pipelines: list[Run] = field(default_factory=list)
    below: dict[str, list[Run]] = field(default_factory=dict)
    half_removed: list[Run] = field(default_factory=list)
    versions: list[ModelVersion] = field(default_factory=list)
    models: list[LoggedModel] = field(default_factory=list)

    @classmethod
    def of(cls, tracking: Tracking) -> StudyInMlflow:
        """Reads it; empty where the study has no experiment."""
        experiment = tracking.client.get_experiment_by_name(tracking.name)
        if experiment is None:
            return cls()
        runs = _all_runs(tracking, experiment.experiment_id, ViewType.ACTIVE_ONLY, "")
        deleted = _all_runs(
            tracking, experiment.experiment_id, ViewType.DELETED_ONLY, f"tags.{PRUNED} = 'yes'"
        )
        children: dict[str, list[Run]] = {}
        for run in runs:
            children.setdefault(run.data.tags.get(PARENT, ""), []).append(run)
        pipelines = [run for run in children.get("", []) if run.data.tags.get("role") == "pipeline"]
        below = {run.info.run_id: _below(run, children) for run in pipelines}
        versions = list(
            tracking.client.search_model_versions(f"name = '{tracking.name}'", max_results=AT_ONCE)
        )
        models = _all_models(tracking, experiment.experiment_id)
        return cls(pipelines, below, deleted, versions, models)


@dataclass(frozen=True)
class Removable:
    """What can go: pipelines with all below them, versions, and logged models that no version is made of."""

    pipelines: tuple[Run, ...]
    versions: tuple[ModelVersion, ...]
    models: tuple[LoggedModel, ...]


def removable(tracking: Tracking, study: StudyInMlflow, last: int, resumable: Iterable[str]) -> Removable:
    """What no rule keeps.

    Kept are the last pipelines; one that runs or can be gone on from; the last that finished, by which nothing new is
    recognised; the versions with an alias, all that ever had that of the champion or may have had it, and the
    pipelines that those are of.

    Parameters
    ----------
    tracking
        Of the study.
    study
        What MLflow has of it.
    last
        Number of the last pipelines that are kept.
    resumable
        Runs of pipelines whose steps are kept on disk.
    """
    champions = champion_versions(tracking, study)
    finished = [run for run in study.pipelines if run.info.status == "FINISHED" and INPUTS in run.data.tags]
    stays = {run.info.run_id for run in study.pipelines[:last]} | set(resumable)
    stays |= {run.info.run_id for run in finished[:1]}
    stays |= {run.info.run_id for run in study.pipelines if run.info.status == "RUNNING"}
    stays |= {str(one.run_id) for one in study.versions if str(one.version) in champions}
    pipelines = tuple(run for run in study.pipelines if run.info.run_id not in stays)
    versions = tuple(
        one for one in study.versions if str(one.version) not in champions and str(one.run_id) not in stays
    )
    doomed = {str(one.version) for one in versions}
    needed = _models_of([one for one in study.versions if str(one.version) not in doomed], study.models)
    # A pipeline that runs has perhaps logged a model and not registered it yet.
    busy = {run.info.run_id for run in study.pipelines if run.info.status != "FINISHED"} & stays
    models = tuple(
        one for one in study.models if one.model_id not in needed and str(one.source_run_id) not in busy
    )
    return Removable(pipelines, versions, models)


def champion_versions(tracking: Tracking, study: StudyInMlflow) -> set[str]:
    """The versions that must stay: with any alias, in the history as champion, or promoted as its report says.

    A version of which nothing says that it was not promoted stays too.
    """
    try:
        registered = tracking.client.get_registered_model(tracking.name)
    except MlflowException:
        return {str(one.version) for one in study.versions}
    stays = {str(version) for version in registered.aliases.values()}
    refused: set[str] = set()
    for event in VersionHistory(tracking).events():
        stays.add(event.before)
        (refused if event.kind == "not promoted" else stays).add(event.version)
    for one in study.versions:
        number = str(one.version)
        if number not in stays and number not in refused:
            report = tracking.json(str(one.run_id), REPORT)
            if report is None or report.get("promoted") is not False:
                stays.add(number)
    return stays


def run_bytes(runs: Iterable[Run]) -> int:
    """What the artifacts of runs take."""
    return sum(artifact_bytes(str(run.info.artifact_uri)) for run in runs)


class MlflowRemoval:
    """Deletes for good, as far as the store's interface goes; whatever is killed midway is taken up by the next."""

    def __init__(self, tracking: Tracking) -> None:
        self._client, self._name = tracking.client, tracking.name
        # What `mlflow gc` uses; a server has no such call for its clients.
        self._store = tracking.client._tracking_client.store

    @property
    def for_good(self) -> bool:
        """Whether rows can be deleted from here; a server's stay marked as deleted for its `mlflow gc`."""
        return hasattr(self._store, "_hard_delete_run")

    def version(self, version: ModelVersion) -> None:
        """Takes a version out of the registry, before its files go."""
        _unless_gone(lambda: self._client.delete_model_version(self._name, str(version.version)))

    def model(self, model: LoggedModel) -> None:
        """Deletes a logged model with its files."""
        # Its row is the way to the files: it goes last.
        delete_artifacts(model.artifact_location)
        _unless_gone(lambda: self._client.delete_logged_model(model.model_id))
        if self.for_good:
            _unless_gone(lambda: self._store._hard_delete_logged_model(model.model_id))

    def run(self, run: Run) -> None:
        """Deletes a run with its files."""
        run_id = run.info.run_id
        if run.info.lifecycle_stage == "active":
            _unless_gone(lambda: self._client.set_tag(run_id, PRUNED, "yes"))
            _unless_gone(lambda: self._client.delete_run(run_id))
        delete_artifacts(str(run.info.artifact_uri))
        if self.for_good:
            _unless_gone(lambda: self._store._hard_delete_run(run_id))


def _unless_gone(delete: Callable[[], object]) -> None:
    try:
        delete()
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise


def _models_of(versions: Iterable[ModelVersion], models: Sequence[LoggedModel]) -> set[str]:
    """The logged models that versions are made of; all of a version's run where it does not say which."""
    needed: set[str] = set()
    for version in versions:
        matching = {
            one.model_id
            for one in models
            if one.model_id == version.model_id
            or version.source in (f"models:/{one.model_id}", one.artifact_location)
        }
        needed |= matching or {one.model_id for one in models if one.source_run_id == version.run_id}
    return needed


def _below(run: Run, children: Mapping[str, list[Run]]) -> list[Run]:
    """Candidates and trials of a pipeline, the lowest first."""
    children_of_run = children.get(run.info.run_id, [])
    return [*(one for child in children_of_run for one in _below(child, children)), *children_of_run]


def _all_runs(tracking: Tracking, experiment: str, view: int, query: str) -> list[Run]:
    runs, token = [], None
    while True:
        page = tracking.client.search_runs(
            [experiment], query, view, AT_ONCE, ["attributes.start_time DESC"], token
        )
        runs += page
        token = page.token
        if not token:
            return runs


def _all_models(tracking: Tracking, experiment: str) -> list[LoggedModel]:
    models, token = [], None
    while True:
        page = tracking.client.search_logged_models([experiment], page_token=token)
        models += page
        token = page.token
        if not token:
            return models
