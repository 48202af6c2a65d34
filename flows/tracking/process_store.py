"""The store that MLflow's functions of the module speak to, which unlike its client take it from the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow

NAMES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
"""Where MLflow keeps it, for itself and for processes that are started."""


@contextmanager
def store_of_the_process(uri: str) -> Iterator[None]:
    """Sets it to `uri` within the block: a study that names no store must not end up in that of the one before."""
    before = {name: os.environ.get(name) for name in NAMES}
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(before[NAMES[0]])  # type: ignore[arg-type]  # None forgets it
        mlflow.set_registry_uri(before[NAMES[1]] or "")
        for name in NAMES:
            if before[name] is None:
                os.environ.pop(name, None)
