"""What an answer costs: the endpoint beside the least that could answer, and beside what is offered ready-made.

`python -m benchmarks.serving` trains Gaussian processes of the size of the demo's plate (or takes `--artifact`, the
folder of a surrogate), serves them by one worker of each contender and asks all in turn, so that what else the
machine does meets all of them. Contenders: the endpoint; Starlette, uvicorn and orjson that call the same surrogate;
the same with a few lines of NumPy in its place; BentoML with its batching; `mlflow models serve`; and the call in
this process, without HTTP. One line per load: of each the median over the rounds of processor milliseconds per
request, the median of requests per second, and of the ratios of its processor time to the endpoint's.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import numpy as np
import orjson

from benchmarks.serving.apps import ARTIFACT
from fieldwright.serving.hosting.server import Address, Server
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.quantities import Quantity, default_quantities
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

POINTS, RUNS = 4256, 64
RANKS = {"temperature": 3, "displacement": 4, "von_mises": 34}
CONNECTIONS = (1, 16, 64)
HTTP = ("endpoint", "bare", "lean")


@dataclass(frozen=True)
class Load:
    """A request: so many queries for one quantity, for the default ones, or for all fields in full."""

    name: str
    queries: int
    what: str

    def document(self, surrogate: Surrogate, x: np.ndarray) -> dict[str, Any]:
        """As the endpoint takes it."""
        names = [info.name for info in surrogate.description.parameters]
        rows = [dict(zip(names, row, strict=True)) for row in x[: self.queries].tolist()]
        document: dict[str, Any] = {"parameters": rows if self.queries > 1 else rows[0]}
        if self.what == "one":
            document["quantities"] = [{"what": "max", "field": surrogate.description.fields[0].name}]
        elif self.what == "fields":
            document |= {"quantities": [], "fields": [info.name for info in surrogate.description.fields]}
        return document


LOADS = (
    Load("1 quantity", 1, "one"),
    Load("all quantities", 1, "default"),
    Load("64 queries", 64, "default"),
    Load("full fields", 1, "fields"),
)


@dataclass(frozen=True)
class Rate:
    """Requests per second and processor seconds of each."""

    requests: float
    processor: float


def train(folder: Path, seed: int = 0) -> None:
    """Saves a surrogate of three steady fields on a plane, of five parameters, learnt from 64 runs."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.5, 1.5, size=(RUNS, 5))
    points = np.c_[rng.uniform(0.0, 1.0, size=(POINTS, 2)), np.zeros(POINTS)]
    a, b = points[:, 0], points[:, 1]
    phase = 3.0 * (x[:, :1] * a + x[:, 1:2] * b)
    first = 300.0 + 50.0 * x[:, 2:3] * np.sin(phase) + 10.0 * x[:, 3:4] * np.cos(2.0 * phase * x[:, 4:5])
    moved = np.stack([first * a, first * b / x[:, 3:4], 0.0 * first], axis=-1)
    peak = np.exp(-20.0 * ((a - x[:, 1:2] / 2.0) ** 2 + (b - x[:, 4:5] / 2.0) ** 2)) * x[:, 2:3]
    targets = {"temperature": first[..., None], "displacement": moved, "von_mises": peak[..., None]}
    config = kind_config(
        {"kind": "gp", "restarts": 0, "kernel": "matern52", "inputs": "raw", "outputs": "raw"}
    )
    reductions = {name: reduction_config({"kind": "svd", "rank": rank}) for name, rank in RANKS.items()}
    weights = dict.fromkeys(targets, np.ones(POINTS) + a)
    components = {"displacement": ("x", "y", "z")}
    Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name=name) for name in "abcde"],
        fields=[
            FieldInfo(name=name, components=components.get(name, ("",)), n_points=POINTS) for name in targets
        ],
        points=dict.fromkeys(targets, points),
        weights=weights,
        cross_validation=cross_validate(config, reductions, x, targets, folds=3, seed=seed, weights=weights),
        seed=seed,
        name="benchmark",
    ).save(folder)


def processor_seconds(pid: int) -> float:
    """Processor time so far of a process and its descendants (Linux)."""
    ticks = sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return ticks / os.sysconf("SC_CLK_TCK") + sum(processor_seconds(int(child)) for child in children)


async def ask(
    port: int,
    pid: int,
    path: str,
    body: bytes,
    connections: int,
    seconds: float = math.inf,
    requests: float = math.inf,
) -> Rate:
    """Asks over so many connections, each the next as soon as it has its answer, for so long or so many requests.

    pid: of the server.
    """
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: "
    request = f"{head}{len(body)}\r\n\r\n".encode() + body
    done, end = 0, time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asked = False
        # Each connection asks at least once, however long it took to open all of them.
        while not asked or (time.perf_counter() < end and done < requests):
            asked = True
            writer.write(request)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert answer.startswith(b"http/1.1 200"), answer
            await reader.readexactly(int(answer.split(b"content-length: ")[1].split(b"\r\n")[0]))
            done += 1
        writer.close()

    begun, used = time.perf_counter(), processor_seconds(pid)
    await asyncio.gather(*(client() for _ in range(connections)))
    elapsed, used = time.perf_counter() - begun, processor_seconds(pid) - used
    return Rate(done / elapsed, used / done)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def endpoint(artifact: Path, options: Options | None = None) -> Iterator[tuple[int, int]]:
    """Port and process id of our own worker."""
    shelf, shelved, address = (
        Shelf.of("benchmark"),
        Shelved("benchmark", "1", "1"),
        Address("127.0.0.1", free_port()),
    )
    shelf.put(shelved, lambda into: Path(shutil.copytree(artifact, into / "surrogate")))
    shelf.point_to(shelved)
    server = Server(address.listen(), {"benchmark": shelf}, options=options or Options())
    try:
        server.wait_until_ready()
        yield address.port, server.pids[0]
    finally:
        server.stop()


@contextmanager
def program(arguments: list[str], port: int, path: str) -> Iterator[tuple[int, int]]:
    """Port and process id of another server, once it answers GET on that path."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            assert process.poll() is None, f"{arguments} ended"
            try:
                httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.2)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def mlflow_folder(artifact: Path, into: Path) -> Path:
    """The surrogate as a model that MLflow serves."""
    from mlflow import pyfunc

    code = Path(__file__).with_name("mlflow_model.py")
    pyfunc.save_model(
        into, python_model=str(code), artifacts={"surrogate": str(artifact)}, pip_requirements=[]
    )
    return into


def commands(names: list[str], artifact: Path, folder: Path) -> dict[str, tuple[list[str], int, str]]:
    """Contender to its command line, port and a path by which it tells that it is up."""
    python, found = sys.executable, {}
    for name in names:
        port = free_port()
        if name in ("bare", "lean"):
            app = ["-m", "uvicorn", f"benchmarks.serving.apps:{name}", "--factory", "--no-access-log"]
            found[name] = ([python, *app, "--port", str(port)], port, "/")
        elif name == "bentoml":
            serve = [
                "-m",
                "bentoml",
                "serve",
                "benchmarks.serving.bentoml_service:Stock",
                "--host",
                "127.0.0.1",
            ]
            found[name] = ([python, *serve, "--port", str(port)], port, "/readyz")
        elif name == "mlflow":
            model = mlflow_folder(artifact, folder / "mlflow")
            serve = [
                "-m",
                "mlflow",
                "models",
                "serve",
                "-m",
                str(model),
                "--env-manager",
                "local",
                "--workers",
                "1",
            ]
            found[name] = ([python, *serve, "--host", "127.0.0.1", "--port", str(port)], port, "/ping")
    return found


def request_of(
    name: str, load: Load, surrogate: Surrogate, x: np.ndarray
) -> tuple[str, dict[str, Any]] | None:
    """Path and body by which a contender is asked; None for what it is not made to answer."""
    if name in HTTP:
        return "/predict", load.document(surrogate, x)
    if load.what != "default":
        return None
    rows = x[: load.queries].tolist()
    if name == "bentoml":
        return "/predict", {"rows": rows}
    columns = [info.name for info in surrogate.description.parameters]
    return "/invocations", {"dataframe_split": {"columns": columns, "data": rows}}


def in_process(load: Load, surrogate: Surrogate, x: np.ndarray, seconds: float) -> Rate:
    """The same questions without HTTP."""
    infos = surrogate.description.fields
    quantities = {
        "one": [Quantity("max", infos[0].name)],
        "default": [one for info in infos for one in default_quantities(info)],
        "fields": [],
    }[load.what]
    fields = None if load.what == "fields" else ()
    done, begun, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - begun < seconds:
        surrogate.predict(x[: load.queries], fields, quantities)
        done += 1
    return Rate(done / (time.perf_counter() - begun), (time.process_time() - used) / done)


def compare(
    servers: dict[str, tuple[int, int]], surrogate: Surrogate, x: np.ndarray, rounds: int, seconds: float
) -> None:
    """Prints a line for each load, number of connections and contender."""
    print(
        f"{'load':>14} {'connections':>11} {'contender':>10} {'cpu ms':>8} {'rps':>8} {'cpu / endpoint':>14}"
    )
    for load in LOADS:
        for connections in CONNECTIONS:
            asked = {name: request_of(name, load, surrogate, x) for name in servers}
            bodies = {name: (one[0], orjson.dumps(one[1])) for name, one in asked.items() if one is not None}
            rates: dict[str, list[Rate]] = {name: [] for name in bodies}
            for round_ in range(rounds + 1):
                order = list(bodies) if round_ % 2 else list(bodies)[::-1]
                for name in order:
                    rate = asyncio.run(ask(*servers[name], *bodies[name], connections, seconds))
                    if round_:  # the first warms up
                        rates[name].append(rate)
            if connections == 1:
                rates["in process"] = [in_process(load, surrogate, x, seconds) for _ in range(rounds)]
            for name, column in rates.items():
                ratio = median(
                    one.processor / ours.processor
                    for one, ours in zip(column, rates["endpoint"], strict=True)
                )
                milliseconds, requests = (
                    1e3 * median(one.processor for one in column),
                    median(one.requests for one in column),
                )
                cells = f"{milliseconds:>8.2f} {requests:>8.0f} {ratio:>14.2f}"
                print(f"{load.name:>14} {connections:>11} {name:>10} {cells}", flush=True)


def main() -> None:
    """Serves all contenders and compares them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifact", type=Path, help="folder of a surrogate of steady fields, of kind gp")
    parser.add_argument(
        "--contenders", default="bare,lean,bentoml,mlflow", help="beside the endpoint (%(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each load in each round")
    given = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MLFLOW_TRACKING_URI": "sqlite://"}
    # `mlflow models serve` calls uvicorn by its bare name.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        os.environ |= {"FIELDWRIGHT_HOME": name, "BENTOML_HOME": f"{name}/bentoml"}
        artifact = given.artifact or folder / "surrogate"
        if given.artifact is None:
            train(artifact)
        os.environ[ARTIFACT] = str(artifact.resolve())
        surrogate = Surrogate.load(artifact)
        low, high = surrogate.domain.minimum, surrogate.domain.maximum
        x = low + (high - low) * np.random.default_rng(0).uniform(0.3, 0.7, (64, len(low)))
        servers = {"endpoint": stack.enter_context(endpoint(artifact.resolve()))}
        for other, command in commands(given.contenders.split(","), artifact, folder).items():
            servers[other] = stack.enter_context(program(*command))
        compare(servers, surrogate, x, given.rounds, given.seconds)


if __name__ == "__main__":
    main()
