"""BentoML as a child process that serves one shelf on one address."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

import httpx

from fieldwright.data.environment import home
from fieldwright.data.errors import ModelError
from fieldwright.serving.hosting.shelf import Shelf

STOP_SECONDS = 20.0
READY_SECONDS = 180.0


@dataclass(frozen=True)
class Address:
    """Where to listen; host is an IP address, as BentoML wants it."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """Where this machine reaches the endpoint."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def refuse_taken(self) -> None:
        """Raises ModelError where another program listens already."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise ModelError(
                    f"Port {self.port} of {self.host} must be free to listen on",
                    f"'{error.strerror}'",
                    "Stop what listens there, or choose another --port",
                ) from error


class Server:
    """`bentoml serve` with its workers."""

    def __init__(self, model: str, address: Address, workers: int) -> None:
        self._address = address
        environment = os.environ | {
            "FIELDWRIGHT_MODEL": model,
            "FIELDWRIGHT_WORKERS": str(workers),
            # Absolute, since the server runs in the folder of the code.
            "FIELDWRIGHT_HOME": str(home()),
            "BENTOML_HOME": str(Shelf.of(model).folder / f".bentoml-{address.port}"),
            # torch.set_num_threads reaches only the thread that calls it; these reach all.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
        }
        # In a container BentoML leaves a dead worker dead, expecting the whole container to be replaced.
        environment.pop("BENTOML_CONTAINERIZED", None)
        bentoml = [sys.executable, "-m", "bentoml", "serve", "fieldwright.serving.service:Fieldwright"]
        listen = ["--host", address.host, "--port", str(address.port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fieldwright.serving.hosting.parent_watch", *bentoml, *listen],
            # BentoML puts its folder on the path: none where a module of the user could hide one of a library.
            cwd=Shelf.of(model).folder,
            env=environment,
            stdout=sys.stderr,
            # Ctrl-C reaches the supervisor alone, which then stops the server in order.
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Of BentoML's master process."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def wait_until_ready(self) -> str:
        """The version that is served; raises ModelError when the server ends or has no model to serve."""
        deadline = time.monotonic() + READY_SECONDS
        reason = f"no answer within {READY_SECONDS:g} s"
        while time.monotonic() < deadline:
            if self.exit_code is not None:
                reason = f"its end with code {self.exit_code}"
                break
            try:
                ready = httpx.get(f"{self._address.url}/readyz", timeout=5, trust_env=False)
                about = httpx.get(f"{self._address.url}/models", timeout=5, trust_env=False).json()
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if ready.is_success and "models" in about:
                return about["models"][0]["version"]
            reason = f'the answer "{about.get("error", ready.text)}"'
            break
        raise ModelError(
            "The server must come up with a model",
            reason,
            "See its log above",
        )

    def stop(self) -> None:
        """Lets running requests end, and after a while makes sure that no process stays."""
        if self.exit_code is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The workers are tied to it and end with it.
            self._process.kill()
            self._process.wait()
