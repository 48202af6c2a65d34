"""The demonstration: a heated plate from solver runs to a live endpoint, asked for the runs of a test set."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from rich.console import Console
from rich.table import Table

from fieldwright.data.environment import home
from fieldwright.data.errors import ModelError
from fieldwright.flows.commands.report_tables import print_report
from fieldwright.flows.commands.run_here import run_here
from fieldwright.flows.commands.serve import endpoint_command
from fieldwright.flows.demo.questions import Answers, ask
from fieldwright.flows.progress import report, show_progress
from fieldwright.flows.study.runs_study import Study
from fieldwright.physics.solvers.plate import BOUNDS
from fieldwright.physics.solvers.plate_runs import write_plate_runs
from fieldwright.physics.solvers.sampling import sobol_points

STUDY_FILE = Path(__file__).with_name("plate_study.toml")
TRAIN, TEST = 64, 16
START_SECONDS = 180.0
DEFAULT_PORT = 3000
"""Of `fieldwright serve` and `fieldwright open`."""


def run_demo(folder: Path | None, port: int, console: Console) -> None:
    """Solves, learns, serves, asks and prints the table; runs solved before are not solved again."""
    begin = time.perf_counter()
    folder = (folder or home() / "demo").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(STUDY_FILE, folder / "study.toml")
    study = Study.load(folder / "study.toml")
    solve_runs(folder, study.seed, console)
    with show_progress(console):
        result = run_here(study.path)
    print_report(console, result)
    console.print("\nStarting the endpoint ...")
    with running_endpoint(study, port if is_free(port) else any_free_port()) as address:
        answers = ask(address, study, folder / "test_runs")
    print_answers(answers, console)
    console.print(f"The whole demo took {time.perf_counter() - begin:.0f} s. Next, type:")
    for command, purpose in next_commands(study, port):
        console.print(
            f"  .venv/bin/fieldwright {command}    # {purpose}", soft_wrap=True, highlight=False, markup=False
        )


def next_commands(study: Study, port: int) -> list[tuple[str, str]]:
    """What to type after the demo, and what it does; the first opens the page, whose link it tells."""
    middle = " ".join(
        f"{name}={0.5 * (low + high):.3g}"
        for name, (low, high) in zip(study.parameters.columns, BOUNDS.values(), strict=True)
    )
    option = "" if port == DEFAULT_PORT else f" --port {port}"
    return [
        (f"open {study.path}{option}", f"the champion's page, http://127.0.0.1:{port}/"),
        (f"predict {study.path} {middle}", "ask it here"),
        (f"ui {study.path}", "compare the candidates in MLflow"),
    ]


def solve_runs(folder: Path, seed: int, console: Console) -> None:
    """Writes 64 runs to train on and 16 of a test set: one Sobol sequence, split in order."""
    samples = sobol_points(BOUNDS, TRAIN + TEST, seed)
    parts = (("Solving the plate", "runs", 0, TRAIN), ("Solving the test set", "test_runs", TRAIN, None))
    with show_progress(console):
        for step, name, start, stop in parts:
            write_plate_runs(
                folder / name,
                samples[start:stop],
                start + 1,
                lambda done, n, step=step: report(step, done, n),
            )


@contextmanager
def running_endpoint(study: Study, port: int) -> Iterator[str]:
    """The endpoint as a process while the block runs; yields its address once it is ready to answer."""
    address = f"http://127.0.0.1:{port}"
    command, environment = endpoint_command([study], "127.0.0.1", port)
    process = subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_ready(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_ready(address: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{address}/models", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    log = process.stderr.read() if process.poll() is not None and process.stderr else ""
    raise ModelError(
        f"The endpoint must be ready within {START_SECONDS:.0f} s",
        log.strip().splitlines()[-1] if log.strip() else f"no answer from {address}",
        "Run `fieldwright serve` by hand to see its log",
    )


def print_answers(answers: Answers, console: Console) -> None:
    """The errors of the endpoint's answers on the test set, and how long they took."""
    errors = Table(title=f"{answers.runs} runs of the test set, asked over HTTP", title_justify="left")
    for column in ("field", "relative L2, mean", "worst", f"true values in the {answers.coverage:.0%} band"):
        errors.add_column(column, justify="left" if column == "field" else "right")
    for name, values in answers.relative_l2.items():
        errors.add_row(
            name, f"{np.mean(values):.2e}", f"{np.max(values):.2e}", f"{answers.covered[name]:.1%}"
        )
    times = Table(title="Time of one, median", title_justify="left")
    for column in ("", "ms", "against the solve"):
        times.add_column(column, justify="right" if column else "left")
    for measure, seconds in (
        ("FEM solve", answers.solve_seconds),
        ("query: max, min, mean of each field", answers.query_seconds),
        (f"query in a batch of {answers.batch}", answers.batched_query_seconds),
        ("query: all fields in full", answers.field_query_seconds),
    ):
        ratio = answers.solve_seconds / seconds
        times.add_row(measure, f"{seconds * 1e3:.3g}", f"{ratio:,.0f} times faster" if ratio != 1 else "")
    console.print(errors)
    console.print(times)


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def any_free_port() -> int:
    """A port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
