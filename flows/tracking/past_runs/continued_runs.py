"""MLflow runs that an interrupted pipeline has left, continued by the pipeline that goes on from there."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException

from fieldwright.flows.tracking.mlflow_runs import HOST, PROCESS, Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.tracked_run import TrackedRun

PARENT = "mlflow.parentRunId"
RESUMED = "resumed"
"""Tag of a pipeline's run: how often it was continued after it had been interrupted."""
TRAINING = "training"
"""Tag of a version: the training that it was registered from, of which there is one version."""
INPUTS = "inputs"
"""Tag of a pipeline that has come to its end, written last: see `pipeline_inputs`."""


def can_be_continued(tracking: Tracking, run_id: str) -> bool:
    """Whether a pipeline's run is there and has not come to its end."""
    status, tags = _status_and_tags(tracking, run_id)
    return status is not None and not (status == "FINISHED" and INPUTS in tags)


def has_finished(tracking: Tracking, run_id: str) -> bool:
    """Whether a run is there and has finished."""
    return _status_and_tags(tracking, run_id)[0] == "FINISHED"


@contextmanager
def continued_run(tracking: Tracking, run_id: str, parent: str | None = None) -> Iterator[TrackedRun]:
    """An interrupted run, as one of this process and of `parent` if given; it ends FAILED if the block raises."""
    client = tracking.client
    if parent is None:
        times = int(client.get_run(run_id).data.tags.get(RESUMED, "0")) + 1
        tags = {HOST: socket.gethostname(), PROCESS: str(os.getpid()), RESUMED: str(times)}
    else:
        tags = {PARENT: parent}
    for key, value in tags.items():
        client.set_tag(run_id, key, value)
    client.update_run(run_id, status="RUNNING")
    try:
        yield TrackedRun(client, run_id)
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id, "FINISHED")


@contextmanager
def candidate_run(tracking: Tracking, run_id: str, label: str, parent: str) -> Iterator[TrackedRun]:
    """The run of an evaluated candidate, to be written again: the one that it had, else a new one."""
    there = _status_and_tags(tracking, run_id)[0] is not None
    with continued_run(tracking, run_id, parent) if there else tracking.run(label, parent=parent) as run:
        yield run


def adopted_run(tracking: Tracking, run_id: str, parent: str) -> TrackedRun:
    """A candidate's finished run as one of the pipeline `parent`, whichever it was of before."""
    tracking.client.set_tag(run_id, PARENT, parent)
    return TrackedRun(tracking.client, run_id)


def version_of_training(tracking: Tracking, training: str) -> ModelVersion | None:
    """The version that was registered from this training, if it has come to that."""
    for one in tracking.client.search_model_versions(f"name = '{tracking.name}'"):
        if one.tags.get(TRAINING) == training:
            return ModelVersion(str(one.version), str(one.run_id), dict(one.tags))
    return None


def _status_and_tags(tracking: Tracking, run_id: str) -> tuple[str | None, dict[str, str]]:
    try:
        run = tracking.client.get_run(run_id)
    except MlflowException:
        return None, {}
    return (run.info.status, run.data.tags) if run.info.lifecycle_stage == "active" else (None, {})
