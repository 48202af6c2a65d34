"""What `fieldwright run` takes of memory and processor time against the numbers of runs and points.

`python -m benchmarks.pipeline_memory 100x300000 400x1000000` writes runs of three fields of float32 as npz files, low
rank with noise, runs their study with two linear candidates from the command line and prints a Markdown table: the
largest memory of the process and its children, the processor time of all, and that of one reading of the frozen
matrices with one product X X^T of each. `--memory "1 GB"` sets the study's budget, `--folder` where the runs lie: one
of a million points takes 12 MB in the file, in the store and frozen.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

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
[[candidates]]
kind = "rbf"
"""


@dataclass(frozen=True)
class Spent:
    """MB of the largest process tree, of anonymous and of all resident memory, and seconds of processors."""

    anonymous: float
    resident: float
    processor: float
    wall: float


def write_runs(folder: Path, runs: int, points: int) -> None:
    """Runs (points,) of three fields: eight modes with coefficients of two parameters, and noise of 0.1 %."""
    (folder / "runs").mkdir(parents=True)
    rng = np.random.default_rng(0)
    x = rng.uniform([0.5, 1.0], [2.0, 3.0], (runs, 2))
    place = np.linspace(0.0, 1.0, points, dtype=np.float32)
    modes = {
        name: np.stack([np.sin((k + 1) * 3.0 * place + index, dtype=np.float32) for k in range(8)])
        for index, name in enumerate(FIELDS)
    }
    rows = ["run,a,b"]
    xyz = np.stack([place, np.zeros_like(place), np.zeros_like(place)], axis=1)
    for number, (a, b) in enumerate(x):
        c = np.array([a, b, a * b, a**2, np.sin(a), np.cos(b), np.exp(-a), 1.0 / b]) / np.arange(1, 9)
        fields = {
            name: c.astype(np.float32) @ modes[name] + 1e-3 * rng.standard_normal(points, dtype=np.float32)
            for name in FIELDS
        }
        arrays: dict[str, Any] = {"points": xyz, **fields}
        np.savez(folder / "runs" / f"run_{number:04d}.npz", **arrays)
        rows.append(f"run_{number:04d},{float(a)!r},{float(b)!r}")
    (folder / "parameters.csv").write_text("\n".join(rows) + "\n")


def measure(path: Path, home: Path) -> Spent:
    """`fieldwright run` of a study in a home of its own."""
    environment = {**os.environ, "FIELDWRIGHT_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = psutil.Popen([sys.executable, "-m", "fieldwright.flows.cli", "run", str(path)], env=environment)
    most = [0.0, 0.0]

    def watch() -> None:
        while process.poll() is None:
            anonymous = resident = 0.0
            for one in [process, *_children(process)]:
                sizes = _sizes(one.pid)
                anonymous, resident = anonymous + sizes[0], resident + sizes[1]
            most[:] = max(most[0], anonymous), max(most[1], resident)
            time.sleep(0.05)

    thread = threading.Thread(target=watch)
    thread.start()
    code = process.wait()
    thread.join()
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    if code:
        raise RuntimeError(f"fieldwright run {path} ended with {code}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(most[0], most[1], processor, wall)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _sizes(pid: int) -> tuple[float, float]:
    """MB of anonymous and of all resident memory; 0 of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    kb = {
        line.split(":")[0]: float(line.split()[1]) for line in lines if line.startswith(("RssAnon", "VmRSS"))
    }
    return kb.get("RssAnon", 0.0) / 1024, kb.get("VmRSS", 0.0) / 1024


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="+", help="runs x points, such as 100x300000")
    parser.add_argument("--memory", default="1 GB")
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    print(
        "| runs x points | fields, MB | anonymous, MB | resident, MB | CPU s | wall s | read + X X^T, CPU s |"
    )
    print("|---|---|---|---|---|---|---|", flush=True)
    for size in options.sizes:
        runs, points = (int(part) for part in size.split("x"))
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            study, home = Path(folder) / "study", Path(folder) / "home"
            write_runs(study, runs, points)
            path = study / "study.toml"
            path.write_text(STUDY.format(memory=options.memory, folds=options.folds))
            spent = measure(path, home)
            shutil.rmtree(study)
            least = read_and_multiply(home)
        print(
            f"| {runs} x {points} | {12e-6 * runs * points:.0f} | {spent.anonymous:.0f} | {spent.resident:.0f} "
            f"| {spent.processor:.0f} | {spent.wall:.0f} | {least:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
