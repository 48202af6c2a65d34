"""Processor, memory and disk while a pipeline runs, as curves in MLflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.tracked_run import TrackedRun

EVERY_SECONDS = 2


@contextmanager
def system_metrics(tracking: Tracking, run: TrackedRun, sampled: bool) -> Iterator[None]:
    """Samples the machine into the run, `system/...`, while the block runs, if `sampled`."""
    if not sampled:
        yield
        return
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run.id, sampling_interval=EVERY_SECONDS, tracking_uri=tracking.uri)
    monitor.start()
    try:
        yield
    finally:
        monitor.finish()
