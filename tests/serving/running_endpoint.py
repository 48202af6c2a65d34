"""A registry that holds a surrogate, and the endpoint started as a user starts it."""

from __future__ import annotations

import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fieldwright.surrogates.fields.surrogate import Surrogate
from tests.serving.trained_models import MODEL

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Store:
    """An MLflow store in a folder, with pyfunc models from code that hold a surrogate's folder."""

    folder: Path

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    def register(self, artifact: Path, model: str = MODEL) -> str:
        """Logs the folder as the next version of the model and returns that version."""
        import mlflow

        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        code = self.folder / "model_code.py"
        code.write_text(
            "from mlflow.models import set_model\n"
            "from mlflow.pyfunc import PythonModel\n"
            "class Held(PythonModel):\n"
            "    def predict(self, context, model_input, params=None):\n"
            "        return model_input\n"
            "set_model(Held())\n"
        )
        if mlflow.get_experiment_by_name("tests") is None:
            mlflow.create_experiment(
                "tests", artifact_location=(self.folder / "mlartifacts" / "tests").as_uri()
            )
        mlflow.set_experiment("tests")
        with mlflow.start_run():
            logged = mlflow.pyfunc.log_model(
                name="surrogate",
                python_model=str(code),
                artifacts={"surrogate": str(artifact)},
                registered_model_name=model,
                pip_requirements=[],
            )
        return str(logged.registered_model_version)

    def promote(self, version: str, model: str = MODEL) -> None:
        """Gives the version the alias champion."""
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
        client.set_registered_model_alias(model, "champion", version)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, surrogate: Surrogate) -> Store:
    """A registry whose champion is version 1."""
    store = Store(tmp_path_factory.mktemp("store"))
    surrogate.save(store.folder / "first")
    store.promote(store.register(store.folder / "first"))
    return store


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def command(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """Makes the command line that serves a model of the store, from a home of its own."""

    def command(
        model: str = MODEL, port: int | None = None, home: Path | None = None, *more: str
    ) -> list[str]:
        return [
            *(sys.executable, "-m", "fieldwright.serving", "--tracking-uri", store.uri, "--model", model),
            *("--port", str(port or free_port()), "--home", str(home or tmp_path_factory.mktemp("home"))),
            *more,
        ]

    return command


class Endpoint:
    """A running `python -m fieldwright.serving`, its address and what it has said."""

    def __init__(self, arguments: list[str]) -> None:
        self.log: list[str] = []
        lines: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

        def listen(stream, keep: Callable[[str], None]) -> None:
            for line in stream:
                keep(line)
            keep("")

        for stream, keep in ((self.process.stdout, lines.put), (self.process.stderr, self.log.append)):
            threading.Thread(target=listen, args=(stream, keep), daemon=True).start()
        self.announcement = lines.get(timeout=180)
        if not self.announcement:
            raise AssertionError("The endpoint did not come up:\n" + "".join(self.log))
        self.url = self.announcement.split(" at ")[1].split()[0]

    def descendants(self) -> list[int]:
        """The process ids of everything that it has started and that runs."""
        parents = {}
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(status.parent.name)] = int(fields[1])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found[1:]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


@pytest.fixture(scope="session")
def start() -> type[Endpoint]:
    """Starts an endpoint by its command line and waits until it serves."""
    return Endpoint


@pytest.fixture(scope="module")
def endpoint(command: Callable[..., list[str]]) -> Iterator[Endpoint]:
    """The endpoint of the store's champion."""
    running = Endpoint(command())
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def client(endpoint: Endpoint) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=endpoint.url, timeout=60, trust_env=False) as client:
        yield client
