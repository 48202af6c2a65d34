"""What a pipeline costs beside its learning: processor time, time to a new champion, space, and what a cluster saves.

`python -m benchmarks.pipeline` solves the demo's plate, runs its study from the command line and prints one Markdown
table; `--json FILE` writes the same numbers. Processor seconds are those of a command with all of its children
(RUSAGE_CHILDREN), so other work on the machine lengthens the wall clock alone; the overhead is the median of ratios
of pairs, a pipeline and the same learning as a plain script one after the other, each in a home of its own.
`--candidates gp` leaves out the others of the demo and takes a quarter of the time.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from fieldwright.flows.demo.plate_demo import STUDY_FILE, any_free_port
from fieldwright.flows.study.runs_study import Study
from fieldwright.physics.solvers.plate import BOUNDS
from fieldwright.physics.solvers.plate_runs import write_plate_runs
from fieldwright.physics.solvers.sampling import sobol_points

CLI = [sys.executable, "-m", "fieldwright.flows.cli"]
IMPORTS = "import fieldwright.flows.workflow"
SECONDS = 1800.0


@dataclass(frozen=True)
class Spent:
    """Seconds of a command with its children: of processors and of the wall clock; its largest process in MB."""

    processor: float
    wall: float
    memory: float


def measure(command: Sequence[str], home: Path) -> Spent:
    """Runs a command to its end in a home; what it prints is shown where it fails."""
    environment = {**os.environ, "FIELDWRIGHT_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(processor, wall, after.ru_maxrss / 1024)


def write_study(folder: Path, kinds: Sequence[str] | None) -> Path:
    """The demo's study, with candidates of these kinds alone."""
    text = STUDY_FILE.read_text()
    for kind in ("bayes", "gp", "mlp"):
        if kinds is not None and kind not in kinds:
            text = text.replace(f'[[candidates]]\nkind = "{kind}"\n', "")
    path = folder / "study.toml"
    path.write_text(text)
    return path


def add_runs(source: Path, folder: Path, start: int, stop: int) -> None:
    """Moves runs start..stop into the study's folder, and their rows into its table."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(start + 1, stop + 1):
        shutil.copytree(source / f"run_{number:04d}", folder / f"run_{number:04d}")
    with open(source / "parameters.csv", newline="") as file:
        rows = list(csv.reader(file))
    with open(folder / "parameters.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows[: stop + 1])


def megabytes(folder: Path, pattern: str = "*") -> float:
    """Of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file()) / 1e6


def outside_the_store(home: Path) -> tuple[float, float]:
    """MB of a home beside the stored runs and Prefect's files, and of the models among them."""
    folders = [entry for entry in home.iterdir() if entry.name not in ("stores", "prefect", "shared")]
    everything = sum(entry.stat().st_size / 1e6 if entry.is_file() else megabytes(entry) for entry in folders)
    models = sum(megabytes(entry, "arrays.safetensors") for entry in folders if entry.is_dir())
    return everything, models


def served_version(address: str) -> str:
    """The version that the endpoint serves; empty as long as there is none."""
    try:
        reply = httpx.get(f"{address}/models", timeout=5).json()
    except (httpx.HTTPError, ValueError):
        return ""
    return str(_version_of(reply))


def _version_of(reply: Any) -> str:
    """The first "version" in a document."""
    if isinstance(reply, dict):
        if reply.get("version"):
            return str(reply["version"])
        reply = list(reply.values())
    for value in reply if isinstance(reply, list) else []:
        if found := _version_of(value):
            return found
    return ""


def new_file_to_served(path: Path, home: Path, source: Path, runs: int, more: int) -> dict[str, Any]:
    """Seconds from new files in the folder to the version learned from them at the endpoint."""
    os.environ["FIELDWRIGHT_HOME"] = str(home)
    port = any_free_port()
    address = f"http://127.0.0.1:{port}"
    endpoint = subprocess.Popen(
        [*CLI, "serve", str(path), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + SECONDS
        while not (version := served_version(address)) and time.monotonic() < end:
            time.sleep(0.5)
        begin = time.perf_counter()
        add_runs(source, path.parent / "runs", runs, runs + more)
        spent = measure([*CLI, "run", str(path)], home)
        learned = time.perf_counter() - begin
        served = version
        while served == version and time.perf_counter() < begin + learned + 30:
            time.sleep(0.1)
            served = served_version(address)
        return {
            "new_file_cpu": spent.processor,
            "new_file_wall": time.perf_counter() - begin if served != version else None,
            "new_file_swap": time.perf_counter() - begin - learned if served != version else None,
            "new_file_promoted": served != version,
        }
    finally:
        endpoint.terminate()
        endpoint.wait()


def measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All numbers by name."""
    total = given.runs + given.new
    solved = folder / "solved"
    write_plate_runs(solved, sobol_points(BOUNDS, total, 0))
    path = write_study(folder, given.candidates.split(",") if given.candidates else None)
    add_runs(solved, folder / "runs", 0, given.runs)
    numbers: dict[str, Any] = {
        "runs": given.runs,
        "new_runs": given.new,
        "load": os.getloadavg()[0],
        "cores": os.cpu_count(),
    }
    # What is compiled and cached at a first start is nobody's cost.
    measure([*CLI, "--help"], folder / "home_0")
    numbers["imports_cpu"] = median(
        measure([sys.executable, "-c", IMPORTS], folder / "home_0").processor for _ in range(2)
    )
    pairs: list[tuple[Spent, Spent]] = []
    plain = [sys.executable, "-m", "benchmarks.pipeline.plain", str(path)]
    for turn in range(given.rounds):
        home = folder / f"home_{turn}"
        flow = measure([*CLI, "run", str(path)], home)
        script = measure([*plain, str(folder / f"model_{turn}")], folder / f"plain_{turn}")
        pairs.append((flow, script))
    home = folder / "home_0"
    numbers |= {
        "run_cpu": median(flow.processor for flow, _ in pairs),
        "run_wall": median(flow.wall for flow, _ in pairs),
        "run_peak_mb": max(flow.memory for flow, _ in pairs),
        "plain_cpu": median(script.processor for _, script in pairs),
        "overhead": median(flow.processor / script.processor - 1 for flow, script in pairs),
        "nothing_new_cpu": measure([*CLI, "run", str(path)], home).processor,
        "status_cpu": median(measure([*CLI, "status", str(path)], home).processor for _ in range(2)),
        "import_cli_cpu": measure([*CLI, "--help"], home).processor,
    }
    before, models_before = outside_the_store(home)
    numbers |= new_file_to_served(path, home, solved, given.runs, given.new)
    later = measure([*plain, str(folder / "model_later")], folder / "plain_0").processor
    numbers |= {"later_plain_cpu": later, "later_overhead": numbers["new_file_cpu"] / later - 1}
    after, models_after = outside_the_store(home)
    model = models_after - models_before
    numbers |= {"model_mb": model, "mb_per_run": after - before - model}
    if given.cluster:
        from benchmarks.pipeline.cluster import speed_up

        os.environ["FIELDWRIGHT_HOME"] = str(folder / "plain_0")
        numbers |= speed_up(Study.load(path), folder, given.rounds)
    numbers["load_at_the_end"] = os.getloadavg()[0]
    return numbers


ROWS = (
    ("a first run, CPU s", "run_cpu", ""),
    ("the same learning as a plain script, CPU s", "plain_cpu", ""),
    ("Prefect, MLflow and figures over it", "overhead", "0.15"),
    ("a run with nothing new, CPU s", "nothing_new_cpu", "10"),
    ("imports of the pipeline, CPU s", "imports_cpu", ""),
    ("start of the command line, CPU s", "import_cli_cpu", ""),
    ("`status`, CPU s", "status_cpu", "1"),
    ("from new files to the new champion served, CPU s", "new_file_cpu", ""),
    ("the same learning as a plain script, CPU s", "later_plain_cpu", ""),
    ("Prefect, MLflow and figures over it", "later_overhead", "0.15"),
    ("from new files to the new champion served, s", "new_file_wall", ""),
    ("of these after the pipeline's end, s", "new_file_swap", ""),
    ("MB per run beside the model", "mb_per_run", "1.0"),
    ("MB of the model", "model_mb", ""),
    ("largest process of a run, MB", "run_peak_mb", ""),
    ("folds of the last candidate in this process, s", "wall_in_process", ""),
    ("by 1 Dask worker, s", "wall_1_worker", ""),
    ("by 2 Dask workers, s", "wall_2_workers", ""),
    ("speed-up of 2 workers over 1", "speed_up_2_over_1", ""),
    ("the same by the processor time of the busiest worker", "speed_up_of_the_busiest", ""),
    ("CPU s in this process, all processes", "cpu_in_process", ""),
    ("CPU s with 1 worker, all processes", "cpu_1_worker", ""),
    ("CPU s with 2 workers, all processes", "cpu_2_workers", ""),
    ("MB of fields written for workers, once", "shared_mb", ""),
)


def table(numbers: dict[str, Any]) -> str:
    """The numbers as Markdown."""
    lines = [
        f"{numbers['runs']} runs, then {numbers['new_runs']} more; {numbers['cores']} cores, load "
        f"{numbers['load']:.1f} at the beginning and {numbers['load_at_the_end']:.1f} at the end.",
        "",
        "| what | measured | aim |",
        "|---|---|---|",
    ]
    for what, name, aim in ROWS:
        value = numbers.get(name)
        if name in numbers:
            text = (
                "not promoted"
                if value is None
                else f"{value:.0%}"
                if name.endswith("overhead")
                else f"{value:.3g}"
            )
            lines.append(f"| {what} | {text} | {aim} |")
    return "\n".join(lines)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=48)
    parser.add_argument("--new", type=int, default=16, help="runs that come in later (%(default)s)")
    parser.add_argument("--candidates", default="", help="kinds among bayes,gp,mlp; all if left out")
    parser.add_argument("--rounds", type=int, default=1, help="pairs of pipeline and plain script")
    parser.add_argument("--no-cluster", dest="cluster", action="store_false")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as name:
        numbers = measured(given, Path(name))
    print(table(numbers))
    if given.json:
        given.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
