"""What `fieldwright run` takes of memory and processor time against the numbers of runs and points.

`python -m benchmarks.pipeline.memory 100x300000 400x1000000` writes runs of three fields of float32 as npz files, low
rank with noise, runs their study with two linear candidates from the command line, which take parameters and fields
as they are, and prints a Markdown table: the largest memory of the process and its children, the processor time of
all, and that of one reading of the frozen matrices with one product X X^T of each. From three sizes on it prints
what memory grows by, by least squares.

`--memory "1 GB"` sets the study's budget, `--folder` where the runs lie: one of a million points takes 24 MB in the
file, 12 MB in the store and 12 MB frozen. `--batch 50` writes, ingests and removes so many runs at a time before the
study is run, where the disk has no room for all files. `--tetrahedra` gives the points cells. With `--steps`
the process looks at itself, and a second table says in which function the memory of each step was
largest, and its processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.pipeline.memory_steps import sizes_of

FIELDS = ("p", "T", "k")
STUDY = """
name = "memory"
seed = 1
[runs]
folder = "runs"
pattern = "*.npz"
workers = 0
[parameters]
table = "parameters.csv"
columns = {{ a = {{ unit = "m" }}, b = {{ unit = "s" }} }}
[fields]
p = {{ unit = "Pa" }}
T = {{ unit = "K" }}
k = {{ unit = "J" }}
[compute]
memory = "{memory}"
[validation]
folds = {folds}
[[candidates]]
kind = "linear"
inputs = "raw"
outputs = "raw"
[[candidates]]
kind = "rbf"
inputs = "raw"
outputs = "raw"
"""
INGEST = (
    "import sys; from pathlib import Path; from fieldwright.flows.runs.inputs import read_runs; "
    "from fieldwright.flows.study.loading import load_study; read_runs(load_study(Path(sys.argv[1])))"
)
CORNERS = ((0, 1, 3, 5), (0, 3, 2, 6), (0, 5, 4, 6), (3, 5, 6, 7), (0, 3, 5, 6))
"""A cube in five tetrahedra, its corners numbered by x + 2 y + 4 z."""


@dataclass
class Spent:
    """MB of the largest process tree, of anonymous and of all resident memory, and seconds of processors.

    steps: of the process alone, step to MB, function and seconds.
    """

    anonymous: float = 0.0
    resident: float = 0.0
    processor: float = 0.0
    wall: float = 0.0
    steps: dict[str, tuple[float, str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Sweep:
    """Runs of three fields: eight modes with coefficients of two parameters, and noise of 0.1 %."""

    folder: Path
    runs: int
    points: int
    tetrahedra: bool

    @property
    def x(self) -> np.ndarray:
        """(runs, 2) parameters."""
        return np.random.default_rng(0).uniform([0.5, 1.0], [2.0, 3.0], (self.runs, 2))

    def write_table(self) -> None:
        """The parameters of all runs."""
        (self.folder / "runs").mkdir(parents=True)
        rows = [f"{self.name(k)},{float(a)!r},{float(b)!r}" for k, (a, b) in enumerate(self.x)]
        (self.folder / "parameters.csv").write_text("\n".join(["run,a,b", *rows]) + "\n")

    def name(self, number: int) -> str:
        """Of a run."""
        return f"run_{number:04d}"

    def path(self, number: int) -> Path:
        """File of a run."""
        return self.folder / "runs" / f"{self.name(number)}.npz"

    def write(self, numbers: Sequence[int]) -> None:
        """The files of these runs."""
        place = np.linspace(0.0, 1.0, self.points, dtype=np.float32)
        modes = {
            name: np.stack([np.sin((k + 1) * 3.0 * place + index, dtype=np.float32) for k in range(8)])
            for index, name in enumerate(FIELDS)
        }
        mesh: dict[str, Any] = {
            "points": np.stack([place, np.zeros_like(place), np.zeros_like(place)], axis=1)
        }
        if self.tetrahedra:
            mesh = _tetrahedra(self.points)
        x = self.x
        for number in numbers:
            a, b = x[number]
            c = np.array([a, b, a * b, a**2, np.sin(a), np.cos(b), np.exp(-a), 1.0 / b]) / np.arange(1, 9)
            rng = np.random.default_rng([1, number])
            fields: dict[str, Any] = {
                name: c.astype(np.float32) @ modes[name]
                + 1e-3 * rng.standard_normal(self.points, dtype=np.float32)
                for name in FIELDS
            }
            np.savez(self.path(number), **mesh, **fields)


def _tetrahedra(points: int) -> dict[str, np.ndarray]:
    """Points and cells of a cube of that many points."""
    edge = round(points ** (1 / 3))
    if edge**3 != points:
        raise ValueError(f"'points' must be the third power of a whole number for --tetrahedra: {points}")
    index = np.arange(points).reshape(edge, edge, edge)
    corners = [
        index[z : edge - 1 + z, y : edge - 1 + y, x : edge - 1 + x].ravel()
        for z in (0, 1)
        for y in (0, 1)
        for x in (0, 1)
    ]
    cells = np.concatenate([np.stack([corners[k] for k in of_cell], axis=1) for of_cell in CORNERS])
    at = np.stack(np.unravel_index(index.ravel(), index.shape)[::-1], axis=1) / (edge - 1)
    return {"points": at.astype(np.float32), "cells": cells.astype(np.int32)}


def measure(command: Sequence[str], home: Path, steps: Path | None = None) -> Spent:
    """A command of Python's in a home; steps: file that it writes about its steps."""
    environment = {**os.environ, "FIELDWRIGHT_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = psutil.Popen([sys.executable, *command], env=environment)
    most = [0.0, 0.0]

    def watch() -> None:
        while process.poll() is None:
            sizes = [sizes_of(Path(f"/proc/{one.pid}/status")) for one in [process, *_children(process)]]
            anonymous, resident = np.sum(sizes, axis=0)
            most[:] = max(most[0], anonymous), max(most[1], resident)
            time.sleep(0.1)

    thread = threading.Thread(target=watch)
    thread.start()
    code = process.wait()
    thread.join()
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    if code:
        raise RuntimeError(f"{' '.join(command)} ended with {code}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(
        most[0],
        most[1],
        processor,
        wall,
        json.loads(steps.read_text()) if steps is not None else {},
    )


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def run_study(sweep: Sweep, home: Path, batch: int, steps: bool) -> Spent:
    """Writes the runs and runs their study; in batches, each of which is ingested and removed before."""
    path, total = str(sweep.folder / "study.toml"), Spent()
    numbers = range(sweep.runs)
    batches = [numbers] if not batch else [numbers[k : k + batch] for k in range(0, sweep.runs, batch)]
    for some in batches:
        sweep.write(some)
        if len(batches) > 1:
            _add(total, measure(["-c", INGEST, path], home))
            for number in some[: -1 if some is batches[-1] else None]:
                sweep.path(number).unlink()
    report = sweep.folder / "steps.json"
    watched = ["-m", "benchmarks.pipeline.memory_steps", path, str(report)]
    command = watched if steps else ["-m", "fieldwright.flows.cli", "run", path]
    _add(total, measure(command, home, report if steps else None))
    return total


def _add(total: Spent, more: Spent) -> None:
    total.anonymous = max(total.anonymous, more.anonymous)
    total.resident = max(total.resident, more.resident)
    total.processor += more.processor
    total.wall += more.wall
    total.steps |= more.steps


def read_and_multiply(home: Path) -> float:
    """Processor seconds of one reading of every frozen matrix with one X X^T of each, in double precision."""
    from fieldwright.data.store.frozen_matrix import MATRICES, FrozenMatrix
    from fieldwright.surrogates.reductions.pod.gram import syrk

    begin = time.process_time()
    for path in sorted(home.glob(f"stores/*/{MATRICES}/*")):
        matrix = FrozenMatrix(path)
        n, m = matrix.shape
        gram = np.zeros((n, n))
        for start in range(0, m, matrix.chunks[1]):
            block = matrix[:, start : start + matrix.chunks[1]].astype(np.float64)
            syrk(1.0, block.T, beta=1.0, c=gram.T, trans=1, lower=1, overwrite_c=1)
    return time.process_time() - begin


def growth(sizes: Sequence[tuple[int, int]], spent: Sequence[Spent]) -> str:
    """What the anonymous memory of at least three sizes grows by, by least squares."""
    table = np.array([[1.0, runs, points] for runs, points in sizes])
    (base, of_run, of_point), *_ = np.linalg.lstsq(table, np.array([one.anonymous for one in spent]))
    return (
        f"Anonymous memory, by least squares: {base:.0f} MB, {of_run:+.2f} MB for each run and "
        f"{1e6 * of_point:+.0f} bytes for each point."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="+", help="runs x points, such as 100x300000")
    parser.add_argument("--memory", default="1 GB")
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--batch", type=int, default=0)
    parser.add_argument("--tetrahedra", action="store_true")
    parser.add_argument("--steps", action="store_true")
    options = parser.parse_args()
    print(
        "| runs x points | fields, MB | anonymous, MB | resident, MB | CPU s | wall s | read + X X^T, CPU s |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    sizes, all_spent = [], []
    for size in options.sizes:
        runs, points = (int(part) for part in size.split("x"))
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            sweep, home = (
                Sweep(Path(folder) / "study", runs, points, options.tetrahedra),
                Path(folder) / "home",
            )
            sweep.write_table()
            (sweep.folder / "study.toml").write_text(STUDY.format(memory=options.memory, folds=options.folds))
            spent = run_study(sweep, home, options.batch, options.steps)
            shutil.rmtree(sweep.folder)
            least = read_and_multiply(home)
        sizes.append((runs, points))
        all_spent.append(spent)
        print(
            f"| {runs} x {points} | {12e-6 * runs * points:.0f} | {spent.anonymous:.0f} | {spent.resident:.0f} "
            f"| {spent.processor:.0f} | {spent.wall:.0f} | {least:.1f} |",
            flush=True,
        )
    if len(sizes) >= 3:
        print(f"\n{growth(sizes, all_spent)}")
    if options.steps:
        print("\n| runs x points | step | anonymous, MB | in | CPU s |\n|---|---|---|---|---|")
        for (runs, points), spent in zip(sizes, all_spent, strict=True):
            for step, (megabytes, function, seconds) in spent.steps.items():
                print(f"| {runs} x {points} | {step} | {megabytes:.0f} | `{function}` | {seconds:.0f} |")


if __name__ == "__main__":
    main()
