"""A scheduler and workers of dask.distributed as processes of their own on the loopback, to be killed at will."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[1]
SECONDS = 300.0


class DaskProcesses:
    """`dask scheduler` and two `dask worker`; a context that leaves none of them behind.

    folder: for their files. keys: options of the command line for TLS.
    """

    def __init__(self, folder: Path, workers: int = 2, keys: tuple[str, ...] = ()) -> None:
        self.folder, self.keys, self._wanted = folder, keys, workers
        self.scheduler: subprocess.Popen | None = None
        self.workers: list[subprocess.Popen] = []
        self.address = ""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "scheduler.json"
        protocol = ["--protocol", "tls"] if self.keys else []
        host = ["--host", "127.0.0.1", "--port", "0"]
        self.scheduler = self._start(
            "scheduler", *host, *protocol, "--no-dashboard", "--scheduler-file", str(file)
        )
        while not (file.exists() and file.read_text()):
            assert self.scheduler.poll() is None, "the scheduler did not start"
            time.sleep(0.05)
        self.address = json.loads(file.read_text())["address"]
        for _ in range(self._wanted):
            self.start_worker()
        return self

    def __exit__(self, *failure: object) -> None:
        # Killed, not asked: there is nothing to save, and a worker may wait long for its scheduler.
        for process in (self.scheduler, *self.workers):
            if process is not None:
                process.kill()
                process.wait(timeout=30)

    def start_worker(self, environment: Mapping[str, str] | None = None) -> subprocess.Popen:
        """One more worker of one thread, without a nanny: what is killed stays dead."""
        name = ["--name", f"worker-{len(self.workers)}"]
        options = [
            *name,
            "--no-nanny",
            "--nthreads",
            "1",
            "--no-dashboard",
            "--local-directory",
            str(self.folder),
        ]
        worker = self._start("worker", self.address, *options, environment=environment)
        self.workers.append(worker)
        return worker

    def kill_worker(self, index: int = 0) -> None:
        """SIGKILL, as the system does that has no memory left."""
        self.workers[index].send_signal(signal.SIGKILL)
        self.workers[index].wait(timeout=30)

    def _start(self, what: str, *options: str, environment: Mapping[str, str] | None = None) -> Any:
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **(environment or {})}
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, *self.keys],
            cwd=self.folder,
            env=variables,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


class Killer:
    """Kills a worker in the middle of its work, again and again, and starts another in its place.

    killed: how often it has.
    """

    def __init__(self, processes: DaskProcesses) -> None:
        self.processes, self.killed = processes, 0
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        self._stop.clear()
        self._thread = threading.Thread(target=self._kill_one)
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._stop.set()
        self._thread.join()

    def _kill_one(self) -> None:
        from distributed import Client

        processes = self.processes
        victim = next(i for i, worker in enumerate(processes.workers) if worker.poll() is None)
        with Client(processes.address, set_as_default=False) as client:
            while not self._stop.wait(0.005):
                workers: Any = client.scheduler_info(n_workers=-1)["workers"]
                names = {one["name"]: at for at, one in workers.items()}
                # One that has just been started may not have come yet.
                address = names.get(f"worker-{victim}", "")
                working: Any = client.processing([address]) if address else {}
                if working.get(address):
                    processes.kill_worker(victim)
                    processes.start_worker()
                    self.killed += 1
                    return
