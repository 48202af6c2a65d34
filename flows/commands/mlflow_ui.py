"""The MLflow UI on a study's tracking store."""

from __future__ import annotations

import sys

from rich.console import Console

from fieldwright.flows.commands.foreground import run_in_foreground
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.artifact_place import artifact_place
from fieldwright.flows.tracking.mlflow_runs import Tracking


def show_forever(study: StudyFile, port: int, console: Console) -> int:
    """Serves the page on loopback until stopped; with a remote tracking server, prints its address only."""
    tracking = Tracking.of(study)
    if tracking.uri.startswith("http"):
        console.print(f"The study is tracked at {tracking.uri}: open that page.")
        return 0
    console.print(f"MLflow UI: http://127.0.0.1:{port}  (Ctrl-C ends it)")
    return run_in_foreground(*mlflow_server(tracking.uri, artifact_place(study.tracking.artifacts), port))


def mlflow_server(uri: str, artifacts: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The command line of MLflow's server on loopback, and its environment.

    The address of the store is in the environment: a password in it is for no list of processes.
    """
    command = [sys.executable, "-m", "mlflow", "server", "--default-artifact-root", artifacts]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return command, {"MLFLOW_BACKEND_STORE_URI": uri}
