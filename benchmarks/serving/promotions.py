"""What promotions cost those who ask: the champion moves again and again while an endpoint is under load.

    python -m benchmarks.serving.promotions --moves 100

Registers two versions of one surrogate, serves them by two workers, keeps 16 connections busy with questions, and
moves the alias to and fro. Prints the processor seconds from start to ready, how many questions were asked and how
many failed, and the seconds from a move until both workers answer with the new version: median and largest.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import httpx
import mlflow
import numpy as np

from fieldwright.data.environment import set_offline_defaults
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.library.fitting import fit

CONNECTIONS = 16
WORKERS = 2
PATIENCE_SECONDS = 60.0


def registered(tracking: Tracking, folder: Path) -> list[ModelVersion]:
    """Two versions of a small surrogate."""
    rng = np.random.default_rng(0)
    x = rng.uniform(size=(20, 2))
    model = fit(x, np.sin(x @ rng.normal(size=(2, 50))), model="gp", seed=0)
    model.save(folder / "surrogate")
    versions = []
    for name in ("first", "second"):
        with tracking.run(name) as run:
            versions.append(tracking.registry.register(folder / "surrogate", run.id, {"score": "1.0"}, None))
    return versions


def main() -> None:
    """Prints the figures of one run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=100)
    moves = parser.parse_args().moves
    with tempfile.TemporaryDirectory() as place:
        os.environ["FIELDWRIGHT_HOME"] = place
        set_offline_defaults()
        tracking = Tracking(f"sqlite:///{place}/mlflow.db", "moved")
        versions = registered(tracking, Path(place))
        tracking.registry.promote(versions[0])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "fieldwright.serving", "--tracking-uri", tracking.uri]
        command += ["--model", "moved", "--port", str(port), "--workers", str(WORKERS)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            server.stdout.readline()
            print(f"processor seconds from start to ready, {WORKERS} workers: {_cpu_seconds(server.pid):.1f}")
            _measure(tracking, versions, f"http://127.0.0.1:{port}", moves)
        finally:
            server.terminate()
            server.wait(60)


def _measure(tracking: Tracking, versions: list[ModelVersion], url: str, moves: int) -> None:
    names = [one["name"] for one in httpx.get(f"{url}/models").json()["models"][0]["parameters"]]
    question = {"parameters": dict.fromkeys(names, 0.5)}
    stop = threading.Event()
    answered, failed = [0] * CONNECTIONS, [0] * CONNECTIONS

    def ask(index: int) -> None:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            while not stop.is_set():
                try:
                    reply = client.post("/predict", json=question)
                    answered[index] += 1
                    failed[index] += reply.status_code != 200
                except httpx.HTTPError:
                    failed[index] += 1

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    seconds = []
    for move in range(moves):
        version = versions[(move + 1) % 2]
        start = time.monotonic()
        tracking.registry.promote(version)
        # Each new connection goes to one of the workers: a row of equal answers has met both.
        equal = 0
        while equal < 6 and time.monotonic() - start < PATIENCE_SECONDS:
            served = httpx.get(f"{url}/models", timeout=60).json()["models"][0]["version"]
            equal = equal + 1 if served == version.version else 0
        seconds.append(time.monotonic() - start)
    stop.set()
    for thread in threads:
        thread.join()
    print(f"{moves} moves, {sum(answered)} questions, {sum(failed)} failed")
    print(f"seconds until both workers serve it: median {median(seconds):.2f}, largest {max(seconds):.2f}")


def _cpu_seconds(pid: int) -> float:
    """Of a process and all below it."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid=,cputimes="], capture_output=True, text=True, check=True)
    rows = [tuple(map(int, line.split())) for line in table.stdout.splitlines()]
    family = {pid}
    while more := {child for child, parent, _ in rows if parent in family} - family:
        family |= more
    return float(sum(seconds for child, _, seconds in rows if child in family))


if __name__ == "__main__":
    mlflow.set_tracking_uri("")
    main()
