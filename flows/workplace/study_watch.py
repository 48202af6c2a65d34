"""The studies of a running workplace: deployed as recorded, their runs looked after, their champions found."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.exceptions import PrefectHTTPStatusError

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.redaction import without_password
from fieldwright.data.tracking_file import default_uri
from fieldwright.flows.notification.pipeline_events import sweep_killed
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.experiment_page import experiment_address
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.workplace.deployments import (
    deploy,
    deployed_studies,
    make_pool,
    next_times,
    prefect_client,
    take_away,
)
from fieldwright.flows.workplace.flow_runs import latest_runs, skip_missed, start_again
from fieldwright.flows.workplace.overview import StudyOverview
from fieldwright.flows.workplace.presence import Addresses
from fieldwright.flows.workplace.registered_studies import RegisteredStudy, registered_studies

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient


class StudyWatch:
    """One look after the other, all by one thread; others read what it has seen."""

    def __init__(self, addresses: Addresses, worker_runs: Callable[[], bool]) -> None:
        self.states: tuple[StudyOverview, ...] = ()
        self.served: tuple[StudyFile, ...] = ()
        """The studies that have a champion."""
        self.ready = False
        """Whether a worker may start."""
        self.seen = False
        """Whether the studies have been looked at."""
        self.trouble = ""
        self.messages: deque[str] = deque(maxlen=20)
        self._addresses = addresses
        self._worker_runs = worker_runs
        self._deployed: dict[str, RegisteredStudy] = {}
        self._refused: dict[str, str] = {}
        self._champions: dict[str, StudyFile] = {}
        self._trackings: dict[str, Tracking] = {}

    def look(self) -> None:
        """Brings Prefect in line with the records, then sees how every study is."""
        try:
            with prefect_client(self._addresses.prefect_api) as client:
                if not self.ready:
                    make_pool(client)
                self._deploy(client)
                start_again(client, self._say, no_worker=not self._worker_runs())
                if not self.ready:
                    skip_missed(client, self._say)
                self.ready = True
                self._see(client)
                self.seen = True
            self.trouble = " ".join(self._refused.values())
        # Whatever Prefect's or MLflow's libraries raise is of this look alone: the workplace goes on.
        except Exception as error:
            self.trouble = _sentence(error)

    def _say(self, message: str) -> None:
        self.messages.append(message)

    def _deploy(self, client: SyncPrefectClient) -> None:
        records = {record.name: record for record in registered_studies()}
        if not self.ready:
            for name in deployed_studies(client):
                if name not in records:
                    take_away(client, name)
        for name, record in records.items():
            if self._deployed.get(name) != record:
                self._refused.pop(name, None)
                try:
                    deploy(client, record)
                except (ValueError, PrefectHTTPStatusError) as error:
                    # One that Prefect refuses stops no other.
                    self._refused[name] = f"'{name}' cannot be scheduled: {_sentence(error)}."
                self._deployed[name] = record
        for name in self._deployed.keys() - records.keys():
            take_away(client, name)
            del self._deployed[name]
            for seen in (self._champions, self._trackings, self._refused):
                seen.pop(name, None)

    def _see(self, client: SyncPrefectClient) -> None:
        deployments = deployed_studies(client)
        states, served = [], []
        for record in self._deployed.values():
            champion, study = self._champion(record)
            if study is not None:
                served.append(study)
            deployment = deployments.get(record.name)
            states.append(self._state(client, record, deployment, champion))
        self.states, self.served = tuple(states), tuple(served)

    def _state(
        self, client: SyncPrefectClient, record: RegisteredStudy, deployment: Any, champion: str
    ) -> StudyOverview:
        latest, links = "", []
        if deployment is not None:
            for run in latest_runs(client, deployment.id, 1):
                latest = f"{run.state_name} {run.start_time:%Y-%m-%d %H:%M}"
            links.append(("runs", f"{self._addresses.prefect}/deployments/deployment/{deployment.id}"))
        comparison = self._comparison(record.name)
        if comparison:
            links.append(("comparison", comparison))
        if champion.startswith("version"):
            links.append(("endpoint", f"{self._addresses.endpoint}/models/{record.name}"))
        first = f"{next_times(record)[0]:%a %Y-%m-%d %H:%M %Z}" if record.cron else ""
        return StudyOverview(record.name, record.times, first, latest, champion, tuple(links))

    def _comparison(self, name: str) -> str:
        """The study's page in MLflow; "" where nothing has run yet, and for a store that no server shows."""
        tracking = self._trackings.get(name)
        experiment = None if tracking is None else tracking.client.get_experiment_by_name(tracking.name)
        if tracking is None or experiment is None:
            return ""
        if tracking.uri.startswith(("http://", "https://")):
            return experiment_address(without_password(tracking.uri), experiment.experiment_id)
        is_shown = tracking.uri == default_uri()
        return experiment_address(self._addresses.mlflow, experiment.experiment_id) if is_shown else ""

    def _champion(self, record: RegisteredStudy) -> tuple[str, StudyFile | None]:
        """In words, with the study where there is one.

        Where the file or the store cannot be read, the reason, and the study as it was: it is served on.
        """
        try:
            study = load_study(Path(record.path))
            tracking = self._trackings.get(record.name)
            if tracking is None or tracking.uri != (study.tracking.uri or default_uri()):
                tracking = self._trackings[record.name] = Tracking.of(study)
            champion = tracking.registry.champion()
            # What was killed cannot say so itself.
            sweep_killed(study)
        except FieldwrightError as error:
            return str(error), self._champions.get(record.name)
        if champion is None:
            self._champions.pop(record.name, None)
            return "", None
        self._champions[record.name] = study
        return f"version {champion.version}", study


def _sentence(error: Exception) -> str:
    lines = without_password(str(error)).strip().splitlines()
    if isinstance(error, FieldwrightError):
        return str(error)
    return f"{type(error).__name__}: {lines[0] if lines else 'no further words'}"
