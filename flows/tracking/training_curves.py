"""What is measured at each step of a training, written into MLflow while it trains."""

from __future__ import annotations

import time
from collections.abc import Mapping

from fieldwright.data.progress import NO_METRICS
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.tracking.tracked_run import TrackedRun

EVERY_SECONDS = 5.0
"""Between two writings into MLflow, which takes longer than many a step."""


class TrainingCurves:
    """Collects metrics by step and writes them into one run, every few seconds and at the end."""

    def __init__(self, run: TrackedRun) -> None:
        self._run = run
        self._unwritten: list[tuple[int, Mapping[str, float]]] = []
        self._written = time.monotonic()

    def add(self, step: int, metrics: Mapping[str, float]) -> None:
        """Takes the metrics of a step."""
        self._unwritten.append((step, metrics))
        if time.monotonic() - self._written > EVERY_SECONDS:
            self.write()

    def write(self) -> None:
        """Brings what is new into MLflow's curves."""
        if self._unwritten:
            self._run.steps(self._unwritten)
        self._unwritten = []
        self._written = time.monotonic()


class ShownTraining:
    """The progress of one training: drawn for the user, and its metrics as curves in MLflow."""

    def __init__(self, step: str, run: TrackedRun) -> None:
        self._step, self._curves = step, TrainingCurves(run)

    def __call__(self, current: int, total: int, metrics: Mapping[str, float] = NO_METRICS, /) -> None:
        """Shows one report and keeps its metrics."""
        note = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in metrics.items())
        report_progress(self._step, current, total, note)
        if metrics:
            self._curves.add(current, metrics)

    def finish(self) -> None:
        """Writes what is left."""
        self._curves.write()
