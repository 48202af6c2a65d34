"""Starts the endpoint as a process of its own: pipeline and serving meet only in the registry."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fieldwright.flows.commands.foreground import run_in_foreground
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking


def endpoint_command(
    studies: Sequence[StudyFile], host: str, port: int, workers: int = 1, more: Sequence[str] = ()
) -> list[str]:
    """The command line that serves the champions of studies, with further options of the endpoint."""
    models: list[str] = []
    for study in studies:
        models += ["--tracking-uri", Tracking(study.tracking.uri, study.name).uri, "--model", study.name]
    return [
        *(sys.executable, "-m", "fieldwright.serving"),
        *models,
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *more,
    ]


def serve_forever(
    studies: Sequence[StudyFile], host: str, port: int, workers: int, more: Sequence[str]
) -> int:
    """Serves until stopped; returns the endpoint's exit status."""
    return run_in_foreground(endpoint_command(studies, host, port, workers, more))
