"""The store that MLflow's functions of the module speak to, which unlike its client take it from the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
from mlflow.tracking import fluent

TRACKING, REGISTRY, EXPERIMENT = "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_ID"
"""Where MLflow keeps what is set of the process, for itself and for processes that are started."""


@contextmanager
def store_of_the_process(uri: str) -> Iterator[None]:
    """Sets it to `uri` within the block, and no experiment; then all is as it was.

    A study that names no store must not end up in that of the one before, nor a notebook's own runs in a study's.
    """
    before = {name: os.environ.pop(name, None) for name in (TRACKING, REGISTRY, EXPERIMENT)}
    # What `mlflow.set_experiment` has set can be changed by its name, but not unset.
    experiment, fluent._active_experiment_id = fluent._active_experiment_id, None
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before[TRACKING])  # type: ignore[arg-type]  # None forgets it
        mlflow.set_registry_uri(before[REGISTRY] or "")
        fluent._active_experiment_id = experiment
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
