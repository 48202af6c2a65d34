"""Requests per second and latency of the endpoint, in pairs with the least that can answer from the surrogate.

`python -m benchmarks.endpoint` trains a surrogate, serves it twice, by `serving` and by
`benchmarks.bare_endpoint`, one worker each, and asks both in turn, so that what else the machine does
meets both. One line per load: of each the median over the rounds of requests per second, the median and the
99th percentile of the latency, and the processor time per request; then the median of the rounds' ratios of
requests per second. The processor time hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import numpy as np
import orjson

from fieldwright.serving.hosting.server import Address, Server
from fieldwright.serving.hosting.shelf import Shelf, Shelved
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

LOADS = ((1, 1), (16, 1), (64, 1), (1, 64))
"""Connections that ask without pause, and queries per request."""
POINTS = 2000
QUANTITIES = [{"what": "max", "field": "temperature"}]


@dataclass(frozen=True)
class Rate:
    """Requests per second; seconds of the median, of the slowest hundredth, and of processor time of each."""

    requests: float
    p50: float
    p99: float
    processor: float


def train(folder: Path, kind: str, seed: int = 0) -> None:
    """Saves a surrogate of one scalar field on 2000 points and three parameters, learnt from 60 runs."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.0, 1.0, size=(60, 3))
    points = np.c_[rng.uniform(0.0, 1.0, size=(POINTS, 2)), np.zeros(POINTS)]
    phase = x[:, :1] * points[:, 0] + x[:, 1:2] * points[:, 1]
    targets = {"temperature": (300.0 + 50.0 * x[:, 2:] * np.sin(3.0 * phase))[..., None]}
    config, reduction = (
        kind_config({"kind": kind}),
        {"temperature": reduction_config({"kind": "svd", "rank": 8})},
    )
    Surrogate.train(
        config,
        reduction,
        x,
        targets,
        parameters=[ParameterInfo(name=name) for name in "abc"],
        fields=[FieldInfo(name="temperature", unit="K", n_points=POINTS)],
        points={"temperature": points},
        cross_validation=cross_validate(config, reduction, x, targets, folds=4, seed=seed),
        seed=seed,
        name="benchmark",
    ).save(folder)


def processor_seconds(pid: int) -> float:
    """Processor time so far of a process and its descendants (Linux)."""
    ticks = sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return ticks / os.sysconf("SC_CLK_TCK") + sum(processor_seconds(int(child)) for child in children)


async def load(port: int, pid: int, connections: int, queries: int, seconds: float) -> Rate:
    """Asks over so many connections, each the next as soon as it has its answer; pid: of the server."""
    row = {"a": 0.4, "b": 0.6, "c": 0.5}
    body = orjson.dumps({"parameters": [row] * queries if queries > 1 else row, "quantities": QUANTITIES})
    head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
    request = f"{head}{len(body)}\r\n\r\n".encode() + body
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (start := time.perf_counter()) < end:
            writer.write(request)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            assert answer.startswith(b"http/1.1 200"), answer
            await reader.readexactly(int(answer.split(b"content-length: ")[1].split(b"\r\n")[0]))
            times.append(time.perf_counter() - start)
        writer.close()

    begun, used = time.perf_counter(), processor_seconds(pid)
    await asyncio.gather(*(client() for _ in range(connections)))
    elapsed, used = time.perf_counter() - begun, processor_seconds(pid) - used
    p50, p99 = np.quantile(times, (0.5, 0.99)).tolist()
    return Rate(len(times) / elapsed, p50, p99, used / len(times))


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_up(url: str) -> None:
    """Returns once the address answers anything."""
    while True:
        try:
            httpx.get(url, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.2)


def compare(servers: tuple[tuple[int, int], tuple[int, int]], rounds: int, seconds: float) -> None:
    """Prints one line per load; servers: port and process id of the endpoint and of the bare one."""
    columns = f"{'rps':>8} {'p50 ms':>8} {'p99 ms':>8} {'cpu ms':>8}"
    print(f"{'connections':>11} {'queries':>8} | endpoint: {columns} | bare: {columns} | ratio")
    for connections, queries in LOADS:
        pairs = []
        for server in servers:
            asyncio.run(load(*server, connections, queries, 0.5))
        for round_ in range(rounds):
            order = servers if round_ % 2 == 0 else servers[::-1]
            rates = {server: asyncio.run(load(*server, connections, queries, seconds)) for server in order}
            pairs.append([rates[server] for server in servers])
        cells = []
        for column in zip(*pairs, strict=True):
            milliseconds = [
                1e3 * median(getattr(rate, name) for rate in column) for name in ("p50", "p99", "processor")
            ]
            cells.append(
                f"{median(rate.requests for rate in column):>8.0f} "
                + " ".join(f"{t:>8.2f}" for t in milliseconds)
            )
        ratio = median(endpoint.requests / bare.requests for endpoint, bare in pairs)
        print(f"{connections:>11} {queries:>8} | {cells[0]:>45} | {cells[1]:>41} | {ratio:>5.2f}", flush=True)


def main() -> None:
    """Serves both and compares them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", default="bayes", help="kind of the surrogate (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each load in each round")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FIELDWRIGHT_HOME"] = folder
        artifact = Path(folder) / "surrogate"
        train(artifact, given.kind)
        shelf, shelved = Shelf.of("benchmark"), Shelved("benchmark", "1", "1")
        bare_port, address = free_port(), Address("127.0.0.1", free_port())
        uvicorn = [sys.executable, "-m", "uvicorn", "benchmarks.bare_endpoint:app", "--port", str(bare_port)]
        bare = subprocess.Popen(
            [*uvicorn, "--no-access-log", "--log-level", "warning"],
            env=os.environ | {"BARE_SURROGATE": str(artifact), "OMP_NUM_THREADS": "1"},
        )
        wait_until_up(f"http://127.0.0.1:{bare_port}")
        shelf.put(shelved, lambda _: artifact)
        shelf.point_to(shelved)
        server = Server(address.listen(), "benchmark", shelf)
        try:
            server.wait_until_ready()
            compare(((address.port, server.pids[0]), (bare_port, bare.pid)), given.rounds, given.seconds)
        finally:
            server.stop()
            bare.terminate()
            bare.wait()


if __name__ == "__main__":
    main()
