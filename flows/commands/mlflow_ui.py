"""The MLflow UI on a study's tracking store."""

from __future__ import annotations

import sys

from rich.console import Console

from fieldwright.data.environment import home
from fieldwright.flows.commands.foreground import run_in_foreground
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking


def show_forever(study: StudyFile, port: int, console: Console) -> int:
    """Serves the page on loopback until stopped; with a remote tracking server, prints its address only."""
    tracking = Tracking(study.tracking.uri, study.name)
    if tracking.uri.startswith("http"):
        console.print(f"The study is tracked at {tracking.uri}: open that page.")
        return 0
    console.print(f"MLflow UI: http://127.0.0.1:{port}  (Ctrl-C ends it)")
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", tracking.uri]
    command += ["--default-artifact-root", (home() / "mlartifacts").as_uri()]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return run_in_foreground(command)
