"""Starts the endpoint as a process of its own: pipeline and serving meet only in the registry."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fieldwright.flows.commands.foreground import run_in_foreground
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking

URI = "FIELDWRIGHT_TRACKING_URI"


def endpoint_command(
    studies: Sequence[StudyFile], host: str, port: int, workers: int = 1, more: Sequence[str] = ()
) -> tuple[list[str], dict[str, str]]:
    """The command line that serves the champions of studies, with further options, and its environment.

    The addresses of the tracking stores are in the environment: a password in them is for no list of processes.
    """
    environment = {f"{URI}_{n}": Tracking.of(study).uri for n, study in enumerate(studies)}
    models: list[str] = []
    for variable, study in zip(environment, studies, strict=True):
        models += ["--tracking-uri", f"${{{variable}}}", "--model", study.name]
    command = [
        *(sys.executable, "-m", "fieldwright.serving"),
        *models,
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *more,
    ]
    return command, environment


def serve_forever(
    studies: Sequence[StudyFile], host: str, port: int, workers: int, more: Sequence[str]
) -> int:
    """Serves until stopped; returns the endpoint's exit status."""
    command, environment = endpoint_command(studies, host, port, workers, more)
    return run_in_foreground(command, environment)
