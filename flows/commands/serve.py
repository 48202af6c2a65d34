"""Starts the endpoint as a process of its own: pipeline and serving meet only in the registry."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from fieldwright.flows.commands.foreground import run_in_foreground
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking


def endpoint_command(
    study: StudyFile, host: str, port: int, workers: int = 1, more: Sequence[str] = ()
) -> list[str]:
    """The command line that serves the study's champion, with further options of the endpoint."""
    tracking = Tracking(study.tracking.uri, study.name)
    return [
        *(sys.executable, "-m", "fieldwright.serving"),
        *("--tracking-uri", tracking.uri, "--model", study.name),
        *("--host", host, "--port", str(port), "--workers", str(workers)),
        *more,
    ]


def serve_forever(study: StudyFile, host: str, port: int, workers: int, more: Sequence[str]) -> int:
    """Serves until stopped; returns the endpoint's exit status."""
    return run_in_foreground(endpoint_command(study, host, port, workers, more))
