"""A workplace as a process of its own, and what tests ask it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

FIELDWRIGHT = Path(sys.executable).with_name("fieldwright")
PATIENCE_SECONDS = 400.0


def free_ports(n: int) -> list[int]:
    probes = [socket.socket() for _ in range(n)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class RunningWorkplace:
    """`fieldwright up` in a home, with ports of its own."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder, self.home = folder, folder / "home"
        self.port, self.prefect, self.mlflow, self.endpoint = free_ports(4)
        self.environment = os.environ | {"FIELDWRIGHT_HOME": str(self.home)} | (environment or {})
        self.log = folder / "up.log"
        self.process: subprocess.Popen | None = None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs `fieldwright ARGUMENTS`."""
        return subprocess.run(
            [FIELDWRIGHT, *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    @property
    def options(self) -> list[str]:
        ports = {
            "--port": self.port,
            "--prefect-port": self.prefect,
            "--mlflow-port": self.mlflow,
            "--endpoint-port": self.endpoint,
        }
        return [text for option, port in ports.items() for text in (option, str(port))]

    def start(self, *studies: Path) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [FIELDWRIGHT, "up", *map(str, studies), *self.options],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def get(self, path: str = "/state.json") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.read().decode()

    def part(self, title: str) -> dict[str, Any]:
        return next(part for part in json.loads(self.get())["parts"] if part["title"] == title)

    def study(self, name: str) -> dict[str, Any]:
        return next((one for one in json.loads(self.get())["studies"] if one["name"] == name), {})

    def until(self, condition: Callable[[], Any]) -> Any:
        """Waits until the condition holds, and returns its value."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            try:
                value = condition()
            except (OSError, httpx.TransportError):
                value = None
            if value:
                return value
            time.sleep(1)
        raise AssertionError(f"it never came about; {self.log.read_text()}")

    def until_running(self, *titles: str) -> None:
        for title in titles or ("Prefect server", "Prefect worker", "MLflow server"):
            self.until(lambda title=title: self.part(title)["state"] == "running")

    @contextmanager
    def client(self) -> Iterator[Any]:
        # Prefect reads its settings once: only after those of the product are set.
        from prefect.client.orchestration import SyncPrefectClient

        with SyncPrefectClient(f"http://127.0.0.1:{self.prefect}/api") as client:
            yield client

    def runs(self, study: str) -> list[Any]:
        """All runs of the study in Prefect."""
        from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

        with self.client() as client:
            return client.read_flow_runs(
                deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[study])), limit=200
            )

    def run(self, study: str, state: str) -> Any:
        """One that is in the state, by its name."""
        return next((run for run in self.runs(study) if run.state_name == state), None)

    def processes(self) -> list[int]:
        """Of all that it has started, and what these have started."""
        assert self.process is not None
        return descendants(self.process.pid)

    def left(self, processes: list[int]) -> list[int]:
        """Those that have not ended."""
        return [pid for pid in processes if not gone(pid)]

    def process_of(self, words: str) -> int:
        """The innermost process whose command line has the words."""
        return next(pid for pid in reversed(self.processes()) if words in command_line(pid))


@pytest.fixture(scope="session")
def workplace_in() -> type[RunningWorkplace]:
    """workplace_in(folder, environment={}) is a workplace that can be started there."""
    return RunningWorkplace


def descendants(pid: int) -> list[int]:
    try:
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return children + [further for child in children for further in descendants(child)]


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def gone(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
