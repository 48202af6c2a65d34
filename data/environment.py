"""Where working data lives, and the settings that keep the libraries quiet and off the internet."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

OFFLINE_DEFAULTS = {
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "BENTOML_DO_NOT_TRACK": "True",
    # A first start of Prefect's own server takes seconds on idle cores, and minutes on busy ones.
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "600",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Addresses of runs stand in the log once, as links of our own.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Job execution is for MLflow's language-model features; it would start processes of its own.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # DeepXDE otherwise asks which backend to use and writes the answer into the user's home.
    "DDE_BACKEND": "pytorch",
}


def set_offline_defaults() -> None:
    """Sets each of OFFLINE_DEFAULTS that the user has not set; call it before the libraries are imported."""
    for name, value in OFFLINE_DEFAULTS.items():
        os.environ.setdefault(name, value)


def home() -> Path:
    """The folder of all working data: $FIELDWRIGHT_HOME, or `var` in the current folder; absolute."""
    return Path(os.environ.get("FIELDWRIGHT_HOME", "var")).resolve()


def folder_name(model: str) -> str:
    """The name of a folder for a registered model, whatever characters its own has."""
    name = quote(model, safe=" ")
    return f"%2E{name[1:]}" if name.startswith(".") else name
