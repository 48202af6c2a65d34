"""What recording costs, and whether memory stays level: one worker of the endpoint, asked some 20,000 times.

`python -m benchmarks.serving.recording` serves the surrogate of `benchmarks.serving` with nothing recorded beyond
numbers, with a log line for each request, with all predictions logged, and with spans sent to a collector, one after
the other. One line each: processor milliseconds per request of one query for all quantities over 16 connections, the
least of the parts; and the worker's memory (PSS, MiB) after each part, the first of which warms up.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import orjson

from benchmarks.serving.contenders import LOADS, Rate, ask, endpoint, train
from fieldwright.serving.hosting.worker_settings import Options
from fieldwright.serving.observation.tracing import COLLECTOR
from fieldwright.surrogates.fields.surrogate import Surrogate

CONNECTIONS = 16
RECORDED = {
    "numbers alone": Options(),
    "+ request lines": Options(log_format="json", log_requests=True),
    "+ predictions": Options(log_predictions=1.0),
    "+ spans": Options(),
}


class Collector(BaseHTTPRequestHandler):
    """Takes all spans and forgets them."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def memory(pid: int) -> float:
    """Of a process in MiB, what it shares with others in part (Linux)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.split("\nPss:")[1].split()[0]) / 1024


def measure(port: int, pid: int, body: bytes, parts: int, requests: int) -> tuple[float, list[float]]:
    """Least processor seconds per request, and memory after each part of so many requests."""

    async def part() -> Rate:
        return await ask(port, pid, "/predict", body, CONNECTIONS, requests=requests)

    rates, memories = [], []
    for _ in range(parts):
        rates.append(asyncio.run(part()))
        memories.append(memory(pid))
    return min(rate.processor for rate in rates[1:]), memories


def main() -> None:
    """Prints a line for each way of recording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="of each way (%(default)s)")
    parser.add_argument("--parts", type=int, default=10)
    given = parser.parse_args()
    collector = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    print(f"{'recorded':>16} {'cpu ms':>8}   memory in MiB")
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "FIELDWRIGHT_HOME": name}
        artifact = Path(name) / "surrogate"
        train(artifact)
        surrogate = Surrogate.load(artifact)
        low, high = surrogate.domain.minimum, surrogate.domain.maximum
        x = low + (high - low) * np.random.default_rng(0).uniform(0.3, 0.7, (64, len(low)))
        body = orjson.dumps(LOADS[1].document(surrogate, x))
        for recorded, options in RECORDED.items():
            if recorded == "+ spans":
                os.environ[COLLECTOR] = f"http://127.0.0.1:{collector.server_port}"
            with endpoint(artifact, options) as (port, pid):
                processor, memories = measure(port, pid, body, given.parts, given.requests // given.parts)
            cells = " ".join(f"{one:.0f}" for one in memories)
            print(f"{recorded:>16} {1e3 * processor:>8.3f}   {cells}", flush=True)


if __name__ == "__main__":
    main()
