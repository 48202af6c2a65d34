"""The workplace of one machine, brought up and kept up until it is stopped."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence

from rich.console import Console

from fieldwright.data.environment import home
from fieldwright.data.tracking_file import default_uri
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.store import open_store
from fieldwright.flows.workplace import programs
from fieldwright.flows.workplace.display import Display
from fieldwright.flows.workplace.overview import ELSEWHERE, WAITING, Overview, PartState
from fieldwright.flows.workplace.presence import Addresses, only_workplace
from fieldwright.flows.workplace.registered_studies import register, workplace_folder
from fieldwright.flows.workplace.scheduling import registered
from fieldwright.flows.workplace.service import Service
from fieldwright.flows.workplace.start_page import StartPage
from fieldwright.flows.workplace.study_watch import StudyWatch

LOOK_SECONDS = 0.5
WATCH_SECONDS = 5.0


def keep_up(studies: Sequence[StudyFile], ports: dict[str, int], console: Console) -> None:
    """Runs the workplace until SIGTERM or SIGINT.

    Parameters
    ----------
    studies
        Registered at once, beside those that are.
    ports
        Of start page, Prefect, MLflow and endpoint, in this order, by the options that set them.
    console
        Shows the table.

    Raises
    ------
    FieldwrightError
        It cannot be brought up: another one runs, a port is taken, a store does not open.
    """
    # The programs run in another folder than the user.
    os.environ["FIELDWRIGHT_HOME"] = str(home())
    page, prefect, mlflow, endpoint = (programs.address(port) for port in ports.values())
    addresses = Addresses(page, prefect, mlflow, endpoint)
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with only_workplace(addresses):
            programs.require_free_ports(ports)
            for study in studies:
                register(registered(study))
            # Made before anything else opens it, and with a sentence where it cannot be.
            open_store(default_uri())
            Workplace(addresses, console).run(stop)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Workplace:
    """Its programs, kept running by the thread that makes it, and the studies, looked after by another one."""

    def __init__(self, addresses: Addresses, console: Console) -> None:
        folder = workplace_folder()
        self._addresses, self._console, self._folder = addresses, console, folder
        self._server = Service(programs.prefect_server(addresses), folder, "prefect_server")
        self._worker = Service(programs.prefect_worker(addresses), folder, "prefect_worker")
        mlflow = programs.mlflow_program(addresses)
        self._mlflow = Service(mlflow, folder, "mlflow") if mlflow else None
        self._endpoint: Service | None = None
        self._served: list[object] = []
        self._watch = StudyWatch(addresses, lambda: self._worker.running)

    def run(self, stop: threading.Event) -> None:
        """Keeps all of it up until the event is set, then ends it."""
        page = StartPage(programs.port_of(self._addresses.page), self.overview)
        watching = threading.Thread(target=self._look_after, args=(stop,), name="studies", daemon=True)
        watching.start()
        try:
            with Display(self._console) as display:
                while not stop.wait(LOOK_SECONDS):
                    self._look()
                    display.show(self.overview())
        finally:
            self._console.print("Stopping.")
            page.close()
            self._stop()

    def overview(self) -> Overview:
        """How everything is now."""
        parts = [_part(one) for one in (self._server, self._worker)]
        if self._mlflow is None:
            parts.append(PartState("MLflow server", default_uri(), ELSEWHERE))
        else:
            parts.append(_part(self._mlflow))
        if self._endpoint is None:
            parts.append(PartState("Endpoint", self._addresses.endpoint, WAITING))
        else:
            parts.append(_part(self._endpoint))
        watch = self._watch
        return Overview(
            self._addresses.page, parts, watch.states, watch.trouble, tuple(watch.messages), watch.seen
        )

    def _look(self) -> None:
        self._server.look()
        if self._mlflow is not None:
            self._mlflow.look()
        if self._watch.ready:
            self._worker.look()
        served = self._watch.served
        if _keys(served) != self._served:
            if self._endpoint is not None:
                self._endpoint.stop()
            program = programs.endpoint(self._addresses, served) if served else None
            self._endpoint = Service(program, self._folder, "endpoint") if program else None
            self._served = _keys(served)
        if self._endpoint is not None:
            self._endpoint.look()

    def _look_after(self, stop: threading.Event) -> None:
        while not stop.wait(WATCH_SECONDS if self._watch.ready else LOOK_SECONDS):
            for service in self._services():
                service.ask()
            if self._server.ready:
                self._watch.look()

    def _services(self) -> list[Service]:
        every = (self._endpoint, self._worker, self._mlflow, self._server)
        return [service for service in every if service is not None]

    def _stop(self) -> None:
        """Prefect's server last: runs that are cut off tell it so."""
        services = self._services()
        for service in services[:-1]:
            service.begin_to_stop()
        for service in services:
            service.stop()


def _keys(studies: Sequence[StudyFile]) -> list[object]:
    """What an endpoint depends on."""
    return [(study.name, study.tracking) for study in studies]


def _part(service: Service) -> PartState:
    return PartState(
        service.program.title, service.program.url, service.state, service.restarts, str(service.log)
    )
