"""The pipelines of a study that MLflow knows of: the last one, one with the same inputs, those that were killed."""

from __future__ import annotations

import os
import socket
from typing import Any

from mlflow.exceptions import MlflowException

from fieldwright.flows.tracking.mlflow_runs import HOST, PROCESS, Tracking
from fieldwright.flows.tracking.sqlite_reading import REPORT


def finished_pipeline(tracking: Tracking, inputs: str) -> dict[str, Any] | None:
    """The report of the last finished pipeline with these inputs; None where its version is no longer there."""
    experiment = tracking.client.get_experiment_by_name(tracking.name)
    if experiment is None:
        return None
    runs = tracking.client.search_runs(
        [experiment.experiment_id],
        f"tags.role = 'pipeline' and tags.inputs = '{inputs}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    report = tracking.json(runs[0].info.run_id, REPORT) if runs else None
    if report is None:
        return None
    try:
        tracking.client.get_model_version(tracking.name, report["version"])
    except MlflowException:
        return None
    return report


def end_killed_runs(tracking: Tracking) -> int:
    """Ends as KILLED what pipelines of this machine have left RUNNING; how many pipelines there were.

    A pipeline that is killed cannot end its runs. The caller sees to it that no other one runs.
    """
    experiment = tracking.client.get_experiment_by_name(tracking.name)
    if experiment is None:
        return 0
    running = tracking.client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'")
    dead = {
        run.info.run_id
        for run in running
        if run.data.tags.get(HOST) == socket.gethostname() and not _alive(run.data.tags.get(PROCESS, ""))
    }
    number = len(dead)
    for _ in range(2):  # candidates, and the trials below them
        dead |= {run.info.run_id for run in running if run.data.tags.get("mlflow.parentRunId") in dead}
    for run_id in dead:
        tracking.client.set_terminated(run_id, "KILLED")
    return number


def last_pipeline(tracking: Tracking) -> dict[str, str] | None:
    """Start, status and tags of the last pipeline run, or None."""
    experiment = tracking.client.get_experiment_by_name(tracking.name)
    if experiment is None:
        return None
    runs = tracking.client.search_runs(
        [experiment.experiment_id],
        "tags.role = 'pipeline'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return {"status": runs[0].info.status} | runs[0].data.tags if runs else None


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
