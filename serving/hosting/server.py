"""The workers that answer on one address: started, replaced when they die, and ended in order."""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from fieldwright.data.back_off import BackOff
from fieldwright.data.environment import home
from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.champion_state import ChampionState
from fieldwright.serving.hosting.channel import Channel
from fieldwright.serving.hosting.shared_rows import SharedRows, shared_memory
from fieldwright.serving.hosting.shelf import Shelf
from fieldwright.serving.hosting.worker_settings import Access, ModelSettings, Options, WorkerSettings
from fieldwright.serving.limits import STOP_SECONDS
from fieldwright.serving.metrics import CONNECTIONS, N_COLUMNS, QUEUE

READY_SECONDS = 180.0
LOOK_SECONDS = 0.2
BACKLOG = 2048
STEADY_SECONDS = 60.0
"""A worker that dies after so long is replaced at once."""
logger = logging.getLogger("fieldwright")


@dataclass(frozen=True)
class Address:
    """Where to listen: an IP address and a port."""

    host: str
    port: int
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where this machine reaches the endpoint."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return (
            f"{self.scheme}://[{host}]:{self.port}" if ":" in host else f"{self.scheme}://{host}:{self.port}"
        )

    def listen(self) -> socket.socket:
        """Takes the port; raises ModelError where it cannot be had."""
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self.host, self.port))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            must, do = _of_a_port(error)
            raise ModelError(
                f"Port {self.port} of {self.host} must {must}", f"'{error.strerror}'", do
            ) from error
        listener.setblocking(False)
        return listener


def _of_a_port(error: OSError) -> tuple[str, str]:
    """What must hold of a port that cannot be listened on, and what to do."""
    if isinstance(error, PermissionError):
        return "be open to this user", "Choose a --port above 1023"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return "be on an address of this machine", "Correct --host"
    if error.errno == errno.EADDRINUSE:
        return "be free to listen on", "Stop what listens there, or choose another --port"
    return "be one to listen on", "Correct --host and --port"


@dataclass
class ModelReport:
    """What a worker last reported of a model, by its channel."""

    channel: Channel
    has_reported: bool = False
    served: str | None = None
    failure: str = ""


@dataclass
class WorkerProcess:
    """One worker as its supervisor sees it; models: by name what it last reported of each."""

    process: subprocess.Popen
    start: float
    models: dict[str, ModelReport]

    @property
    def complete(self) -> bool:
        """Whether it has reported of all its models."""
        return all(model.has_reported for model in self.models.values())


class Server:
    """Workers on one listening socket. All of it is called by the main thread: a child is tied to the thread that
    starts it.

    registry_pages: of the tracking server of each model, where a browser can open it.
    """

    def __init__(
        self,
        listener: socket.socket,
        shelves: Mapping[str, Shelf],
        workers: int = 1,
        access: Access = Access(),  # noqa: B008  # it is immutable
        options: Options = Options(),  # noqa: B008
        registry_pages: Mapping[str, str] | None = None,
    ) -> None:
        self._listener = listener
        self._shelves = dict(shelves)
        self._registry_pages = dict(registry_pages or {})
        self._access, self._options = access, options
        self._memory = shared_memory(workers, N_COLUMNS)
        self._numbers = SharedRows(self._memory, workers, N_COLUMNS)
        # A message for each connection that a worker hands over to the first one, which keeps the jobs.
        self._passage = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._registry: dict[str, ChampionState] = {}
        self._back_offs = [BackOff() for _ in range(workers)]
        self._workers: list[WorkerProcess | None] = [None] * workers
        for row in range(workers):
            self._start(row)

    @property
    def pids(self) -> list[int]:
        """Of the workers that run."""
        return [worker.process.pid for worker in self._workers if worker is not None]

    def failures(self, model: str) -> set[str]:
        """Why workers do not serve the version of a model that the pointer names."""
        reports = [worker.models[model] for worker in self._workers if worker is not None]
        return {report.failure for report in reports if report.failure}

    def tell(self, model: str, registry: ChampionState) -> None:
        """Has all workers know what the registry wants of a model."""
        if registry != self._registry.get(model):
            self._registry[model] = registry
            for worker in self._workers:
                if worker is not None:
                    self._tell(model, worker.models[model].channel)

    def look(self) -> None:
        """Takes in what workers have said, and replaces those that have ended."""
        for row, worker in enumerate(self._workers):
            if worker is None:
                if self._back_offs[row].due(str(row)):
                    self._start(row)
                continue
            for report in worker.models.values():
                for message in report.channel.receive():
                    report.served, report.failure = message["served"], message["failure"]
                    report.has_reported = True
            code = worker.process.poll()
            if code is not None:
                logger.error(
                    "Worker %d ended by itself with code %d and is replaced", worker.process.pid, code
                )
                self._forget(row, worker)
                if time.monotonic() - worker.start > STEADY_SECONDS:
                    self._back_offs[row].succeeded()
                self._back_offs[row].failed(str(row))

    def wait_until_ready(self, stop: threading.Event | None = None) -> dict[str, str | None] | None:
        """The versions that are served, by model, or None where it is stopped before; raises ModelError when a worker
        ends or has nothing of a model to serve."""
        stop = stop or threading.Event()
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if stop.wait(LOOK_SECONDS):
                return None
            self.look()
            for worker in self._workers:
                if worker is None:
                    raise _not_up("the end of a worker")
                for report in worker.models.values():
                    if report.has_reported and report.served is None:
                        raise _not_up(f'the answer "{report.failure}"')
            if all(worker is not None and worker.complete for worker in self._workers):
                reports = self._workers[0].models  # type: ignore[union-attr]  # none is missing
                return {model: report.served for model, report in reports.items()}
        raise _not_up(f"no answer within {READY_SECONDS:g} s")

    def stop(self) -> None:
        """Lets running requests end, and after a while makes sure that no process stays."""
        self._listener.close()
        processes = [worker.process for worker in self._workers if worker is not None]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS + 5.0
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for row, worker in enumerate(self._workers):
            if worker is not None:
                self._forget(row, worker)
        os.close(self._memory)
        for end in self._passage:
            end.close()

    def _start(self, row: int) -> None:
        pairs = {model: Channel.pair() for model in self._shelves}
        models = tuple(
            ModelSettings(
                model,
                str(shelf.folder),
                shelf.pointer.name,
                pairs[model][1].fileno(),
                self._registry_pages.get(model, ""),
            )
            for model, shelf in self._shelves.items()
        )
        passage = self._passage[0 if row == 0 else 1].fileno()
        descriptors = (self._listener.fileno(), self._memory, passage)
        settings = WorkerSettings(
            models, self._access, self._options, *descriptors[:2], row, self._numbers.rows, passage
        )
        first = next(iter(self._shelves.values()))
        environment = os.environ | {
            **settings.environment(),
            "FIELDWRIGHT_HOME": str(home()),
            "BENTOML_HOME": str(first.folder / ".bentoml"),
            # torch.set_num_threads reaches only the thread that calls it; these reach all.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }
        # The metrics of the library would be files.
        environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
        process = subprocess.Popen(
            # Without -P the current folder would be on the path, where a user's module could hide one of a library.
            [sys.executable, "-P", "-m", "fieldwright.serving.hosting.worker"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=(*descriptors, *(one.supervisor for one in models)),
            # Ctrl-C reaches the supervisor alone, which then stops the workers in order.
            start_new_session=True,
        )
        for model, (channel, other_end) in pairs.items():
            other_end.close()
            self._tell(model, channel)
        reports = {model: ModelReport(channel) for model, (channel, _) in pairs.items()}
        self._workers[row] = WorkerProcess(process, time.monotonic(), reports)

    def _forget(self, row: int, worker: WorkerProcess) -> None:
        for report in worker.models.values():
            report.channel.close()
        self._workers[row] = None
        # The others leave no connection to one that is not there.
        self._numbers.put(CONNECTIONS, math.inf, row)
        for column in QUEUE.values():
            self._numbers.put(column, 0.0, row)

    def _tell(self, model: str, channel: Channel) -> None:
        registry = self._registry.get(model)
        if registry is not None:
            channel.send({name: getattr(registry, name) for name in ("wanted", "why", "since")})


def _not_up(reason: str) -> ModelError:
    return ModelError("The server must come up with a model", reason, "See its log above")


def say(line: str) -> None:
    """Prints a line; where standard output goes to a full disk, it is lost and nothing else."""
    with contextlib.suppress(OSError):
        os.write(1, f"{line}\n".encode())
