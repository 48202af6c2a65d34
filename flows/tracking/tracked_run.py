"""What is written into one MLflow run."""

from __future__ import annotations

import math
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow.entities import Metric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_AT_ONCE = 1000
"""Numbers that MLflow takes in one call."""


def metric_name(name: str) -> str:
    """The name as MLflow takes it: "max(stress)" as "max.stress", other signs that it refuses as underscores."""
    return re.sub(r"[^\w\-. :/]", "_", name.replace("(", ".").replace(")", ""))


class TrackedRun:
    """Writes into one MLflow run."""

    def __init__(self, client: mlflow.MlflowClient, run_id: str) -> None:
        self.client, self.id = client, run_id

    def params(self, values: Mapping[str, Any]) -> None:
        """Settings, compared side by side in the UI."""
        for key, value in values.items():
            self.client.log_param(self.id, key, value)

    def metrics(self, values: Mapping[str, float]) -> None:
        """Numbers; one that is not finite cannot be compared and is left out."""
        for key, value in values.items():
            if math.isfinite(value):
                self.client.log_metric(self.id, metric_name(key), float(value))

    def steps(self, rows: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Numbers that change with the steps of a training, as curves: (step, values) each; in few calls."""
        now = int(time.time() * 1000)
        metrics = [
            Metric(metric_name(key), float(value), now, step)
            for step, values in rows
            for key, value in values.items()
            if math.isfinite(value)
        ]
        for start in range(0, len(metrics), MOST_AT_ONCE):
            self.client.log_batch(self.id, metrics=metrics[start : start + MOST_AT_ONCE])

    def tags(self, values: Mapping[str, str]) -> None:
        """Words to search runs by."""
        for key, value in values.items():
            self.client.set_tag(self.id, key, value)

    def figure(self, figure: Figure, name: str) -> None:
        """A picture, shown under the run's artifacts."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            # Half of the time of a picture goes into the last tenth of its size.
            figure.savefig(path, dpi=120, pil_kwargs={"compress_level": 1})
            self.client.log_artifact(self.id, str(path), "figures")

    def json(self, content: Any, name: str) -> None:
        """A table or report as JSON."""
        self.client.log_dict(self.id, content, name)

    def file(self, path: Path) -> None:
        """A file as it is."""
        self.client.log_artifact(self.id, str(path))
