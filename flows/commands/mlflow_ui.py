"""The MLflow UI on a study's tracking store."""

from __future__ import annotations

import sys

from rich.console import Console

from fieldwright.data.redaction import without_password
from fieldwright.flows.commands.foreground import run_in_foreground
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.artifact_place import artifact_place
from fieldwright.flows.tracking.experiment_page import experiment_address
from fieldwright.flows.tracking.mlflow_runs import Tracking


def show_forever(study: StudyFile, port: int, console: Console) -> int:
    """Serves the page on loopback until stopped; with a remote tracking server, prints its address only."""
    tracking = Tracking.of(study)
    if tracking.uri.startswith("http"):
        page = experiment_address(without_password(tracking.uri), tracking.experiment_id())
        console.print(f"The study is tracked at {page}: open that page.", soft_wrap=True, markup=False)
        return 0
    page = experiment_address(f"http://127.0.0.1:{port}", tracking.experiment_id())
    console.print(f"MLflow UI: {page}  (Ctrl-C ends it)", soft_wrap=True, markup=False, highlight=False)
    return run_in_foreground(*mlflow_server(tracking.uri, artifact_place(study.tracking.artifacts), port))


def mlflow_server(uri: str, artifacts: str, port: int) -> tuple[list[str], dict[str, str]]:
    """The command line of MLflow's server on loopback, and its environment.

    The address of the store is in the environment: a password in it is for no list of processes.
    """
    command = [sys.executable, "-m", "mlflow", "server", "--default-artifact-root", artifacts]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    return command, {"MLFLOW_BACKEND_STORE_URI": uri}
