"""Each step of a study of frozen fields on a cluster of one worker and of two: processor seconds.

`python -m benchmarks.pipeline.cluster_steps 60x100000` writes runs as `benchmarks.pipeline.memory` does, freezes
their fields, forms the coordinates, cross-validates and scores a linear candidate and trains it on all runs with the
bands: here, with one worker and with two. It prints a Markdown table: what the busiest worker and the client spend.
Wall time says little on a machine that other work is using; the ratio of the busiest workers is what idle cores would
give, but for the client and the network.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.pipeline.cluster import scheduler
from benchmarks.pipeline.memory import STUDY, write_runs
from benchmarks.serving.contenders import processor_seconds
from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.store.frozen_matrix import MATRICES
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.runs.holdout import split_runs
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.learning import cross_validated, train_on_all, views_of
from fieldwright.flows.study.runs_study import Study


def steps(study: Study, store: SnapshotStore, executor: Executor) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name of each step and what does it, in their order."""
    names, found = [record.name for record in store.accepted()], {}

    def freeze() -> None:
        shutil.rmtree(store.path / MATRICES, ignore_errors=True)
        found["targets"] = split_runs(study, store, names, executor).train

    def reduce() -> None:
        found["views"] = views_of(study, found["targets"], executor)

    def evaluate() -> None:
        candidate, targets, views = study.candidates[0], found["targets"], found["views"]
        found["validation"] = cross_validated(study, "linear", candidate, targets, views, executor)[1]

    def train() -> None:
        candidate, targets, views = study.candidates[0], found["targets"], found["views"]
        train_on_all(study, candidate, targets, views, found["validation"], executor)

    yield "freezing", freeze
    yield "coordinates of the runs", reduce
    yield "folds and scores of `linear`", evaluate
    yield "modes and bands of the champion", train


def measure(study: Study, folder: Path) -> dict[str, dict[int, tuple[float, float]]]:
    """Step to seconds of the busiest worker and of the client with 0, 1 and 2 workers, 0 for this process alone."""
    read_runs(study)
    store = SnapshotStore(study.store_path)
    table: dict[str, dict[int, tuple[float, float]]] = {}
    with ExitStack() as stack:
        places: dict[int, tuple[Executor, list[int]]] = {0: (IN_PROCESS, [])}
        for workers in (1, 2):
            address, pids = stack.enter_context(scheduler(folder / f"dask_{workers}", workers))
            cluster = Cluster(WorkersAddress.of(address), folder / "shared")
            # The first process is the scheduler.
            places[workers] = stack.enter_context(cluster), pids[1:]
        # The first round, which is not counted, imports what workers need.
        for counted in (False, True):
            for workers, (executor, pids) in places.items():
                for name, work in steps(study, store, executor):
                    before, begin = [processor_seconds(pid) for pid in pids], time.process_time()
                    work()
                    client = time.process_time() - begin
                    spent = [processor_seconds(pid) - start for pid, start in zip(pids, before, strict=True)]
                    if counted:
                        table.setdefault(name, {})[workers] = max(spent, default=0.0), client
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", help="runs x points, such as 60x100000")
    parser.add_argument("--memory", default="512 MB")
    options = parser.parse_args()
    runs, points = (int(part) for part in options.size.split("x"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FIELDWRIGHT_HOME"] = str(Path(folder) / "home")
        path = Path(folder) / "study" / "study.toml"
        write_runs(path.parent, runs, points)
        path.write_text(STUDY.format(memory=options.memory, folds=8))
        table = measure(Study.load(path), Path(folder))
    print(
        "| step | here | 1 worker | client | busiest of 2 | client | speed-up |\n|---|---|---|---|---|---|---|"
    )
    for name, by_workers in table.items():
        (_, here), (one, client_1), (two, client_2) = (by_workers[k] for k in (0, 1, 2))
        print(
            f"| {name} | {here:.2f} | {one:.2f} | {client_1:.2f} | {two:.2f} | {client_2:.2f} "
            f"| {one / max(two, 1e-9):.2f} |"
        )


if __name__ == "__main__":
    main()
