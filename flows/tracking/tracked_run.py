"""What is written into one MLflow run."""

from __future__ import annotations

import json
import math
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Metric, Param, RunTag

from fieldwright.flows.pictures import Picture, write_pictures

METRICS_AT_ONCE, WORDS_AT_ONCE = 1000, 100
"""Numbers, and parameters or tags, that MLflow takes in one call."""
LONGEST = 6000
"""Characters of a parameter."""
FIGURES = "figures"
"""Folder of the pictures among a run's artifacts."""


def metric_name(name: str) -> str:
    """The name as MLflow takes it: "max(stress)" as "max.stress", other signs that it refuses as underscores."""
    return re.sub(r"[^\w\-. :/]", "_", name.replace("(", ".").replace(")", ""))


class TrackedRun:
    """Writes into one MLflow run, in as few calls as there are kinds of things."""

    def __init__(self, client: mlflow.MlflowClient, run_id: str) -> None:
        self.client, self.id = client, run_id

    def log(
        self,
        *,
        params: Mapping[str, str] | None = None,
        metrics: Mapping[str, float] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Settings to compare, numbers, and words to search by; a number that is not finite is left out."""
        now = int(time.time() * 1000)
        self._write(
            [Metric(metric_name(name), float(value), now, 0) for name, value in (metrics or {}).items()],
            [Param(metric_name(name), value[:LONGEST]) for name, value in (params or {}).items()],
            [RunTag(name, value) for name, value in (tags or {}).items()],
        )

    def metrics(self, values: Mapping[str, float]) -> None:
        """Numbers; one that is not finite cannot be compared and is left out."""
        self.log(metrics=values)

    def tags(self, values: Mapping[str, str]) -> None:
        """Words to search runs by."""
        self.log(tags=values)

    def steps(self, rows: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        """Numbers that change with the steps of a training, as curves: (step, values) each."""
        now = int(time.time() * 1000)
        self._write(
            [
                Metric(metric_name(name), float(value), now, step)
                for step, values in rows
                for name, value in values.items()
            ]
        )

    def figures(self, figures: Mapping[str, Picture]) -> list[str]:
        """Draws pictures by file name, shown under the run's artifacts; returns a sentence on each that failed.

        What has failed stands in a file beside them.
        """
        if not figures:
            return []
        with tempfile.TemporaryDirectory() as folder:
            undrawn = write_pictures(figures, Path(folder))
            self.client.log_artifacts(self.id, folder, FIGURES)
        return undrawn

    def json(self, files: Mapping[str, Any]) -> None:
        """Tables and reports by file name, as JSON."""
        texts = {name: json.dumps(content, indent=2, default=str) for name, content in files.items()}
        self.texts(texts)

    def texts(self, files: Mapping[str, str]) -> None:
        """Files by name and content."""
        if not files:
            return
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            self.client.log_artifacts(self.id, folder)

    def _write(
        self, metrics: Sequence[Metric], params: Sequence[Param] = (), tags: Sequence[RunTag] = ()
    ) -> None:
        finite = [one for one in metrics if math.isfinite(one.value)]
        calls = max(-(-len(finite) // METRICS_AT_ONCE), -(-max(len(params), len(tags)) // WORDS_AT_ONCE))
        for call in range(calls):
            numbers = slice(call * METRICS_AT_ONCE, (call + 1) * METRICS_AT_ONCE)
            words = slice(call * WORDS_AT_ONCE, (call + 1) * WORDS_AT_ONCE)
            # Not synchronous=False: what a step has written must be there when it ends.
            self.client.log_batch(self.id, finite[numbers], params[words], tags[words])
