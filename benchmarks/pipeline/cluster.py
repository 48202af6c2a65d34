"""The folds of a study on a cluster of one worker and of two, in turns: wall and processor seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.serving.contenders import processor_seconds
from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.flows.runs.candidates import with_common_settings
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.learning import cross_validated, views_of
from fieldwright.flows.runs.targets import targets_from
from fieldwright.flows.study.runs_study import Study


@contextmanager
def scheduler(folder: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and its workers as processes; yields its address and their process ids."""
    folder.mkdir(parents=True)
    file, common = folder / "scheduler.json", {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    start = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    processes = [subprocess.Popen([*start, "--no-dashboard", "--scheduler-file", str(file)], **common)]
    try:
        while not (file.exists() and file.read_text()):
            assert processes[0].poll() is None, "the scheduler did not start"
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        work = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-nanny", "--nthreads", "1"]
        options = ["--no-dashboard", "--local-directory", str(folder)]
        processes += [subprocess.Popen([*work, *options], **common) for _ in range(workers)]
        yield address, [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def speed_up(study: Study, folder: Path, rounds: int) -> dict[str, float]:
    """Medians of the rounds: seconds of the folds of the study's last candidate with one worker and with two.

    On a machine that other work is using too, the ratio of the wall clock says little: that of the processor time of
    the busiest worker is what idle cores would give, but for the client and the network.
    """
    from fieldwright.data.store.snapshot_store import SnapshotStore

    read_runs(study)
    store = SnapshotStore(study.store_path)
    snapshots = store.snapshots(None, list(study.fields))
    targets = targets_from(study, snapshots, store.mesh(snapshots.attrs["mesh"]))
    candidate, views = with_common_settings(study, study.candidates[-1], targets), views_of(study, targets)
    seconds: dict[int, list[float]] = {0: [], 1: [], 2: []}
    processor: dict[int, list[float]] = {0: [], 1: [], 2: []}
    busiest: dict[int, list[float]] = {0: [], 1: [], 2: []}
    with ExitStack() as stack:
        places: dict[int, tuple[Executor, list[int]]] = {0: (IN_PROCESS, [])}
        for workers in (1, 2):
            address, pids = stack.enter_context(scheduler(folder / f"dask_{workers}", workers))
            cluster = Cluster(WorkersAddress.of(address), folder / "shared")
            places[workers] = stack.enter_context(cluster), pids
        # The first round, which is not counted, imports what workers need.
        for turn in range(rounds + 1):
            for workers, (executor, pids) in places.items():
                pids = [*pids, os.getpid()]
                before, begin = np.array([*map(_processor, pids)]), time.perf_counter()
                cross_validated(study, "benchmark", candidate, targets, views, executor)
                if turn:
                    seconds[workers].append(time.perf_counter() - begin)
                    spent = np.array([*map(_processor, pids)]) - before
                    processor[workers].append(float(spent.sum()))
                    busiest[workers].append(float(spent[1:-1].max(initial=0.0)))
    ratios = [one / two for one, two in zip(seconds[1], seconds[2], strict=True)]
    ratios_of_busiest = [one / two for one, two in zip(busiest[1], busiest[2], strict=True)]
    return {
        "wall_in_process": median(seconds[0]),
        "wall_1_worker": median(seconds[1]),
        "wall_2_workers": median(seconds[2]),
        "speed_up_2_over_1": median(ratios),
        "speed_up_of_the_busiest": median(ratios_of_busiest),
        "cpu_in_process": median(processor[0]),
        "cpu_1_worker": median(processor[1]),
        "cpu_2_workers": median(processor[2]),
        "shared_mb": sum(values.nbytes for values in targets.values.values()) / 1e6,
    }


def _processor(pid: int) -> float:
    if pid != os.getpid():
        return processor_seconds(pid)
    return time.process_time()
