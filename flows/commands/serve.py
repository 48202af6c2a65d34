"""Starts the endpoint as a process of its own: pipeline and serving meet only in the registry."""

from __future__ import annotations

import subprocess
import sys

from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking


def endpoint_command(study: StudyFile, host: str, port: int, workers: int = 1) -> list[str]:
    """The command line that serves the study's champion."""
    tracking = Tracking(study.tracking.uri, study.name)
    return [
        *(sys.executable, "-m", "fieldwright.serving"),
        *("--tracking-uri", tracking.uri, "--model", study.name),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
    ]


def serve_forever(study: StudyFile, host: str, port: int, workers: int) -> int:
    """Serves until stopped; returns the endpoint's exit status."""
    # However this process ends, the endpoint ends with it.
    tied = [
        sys.executable,
        "-m",
        "fieldwright.serving.hosting.parent_watch",
        *endpoint_command(study, host, port, workers),
    ]
    process = subprocess.Popen(tied)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the terminal has sent the interrupt to the endpoint too; wait for its clean end
