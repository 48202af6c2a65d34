"""Where the work of a study is done, by its `[compute]`."""

from __future__ import annotations

from pathlib import Path

from fieldwright.data.computing.cluster import Cluster
from fieldwright.data.computing.connection import WorkersAddress
from fieldwright.data.computing.executor import Executor, InProcess
from fieldwright.data.environment import home
from fieldwright.flows.study.runs_study import Study

MANY_RUNS = 200
"""Fewer are read before processes of this machine have started."""


def study_executor(study: Study) -> Executor:
    """What `[compute]` names; it is connected to when the first work comes, and left as a context."""
    compute = study.compute
    if compute.dask is None:
        return InProcess()
    files = [
        None if path is None else study.beside(path)
        for path in (compute.tls_ca, compute.tls_certificate, compute.tls_key)
    ]
    return _cluster(study, WorkersAddress.of(compute.dask, *files))


def reading_executor(study: Study, runs: int) -> Executor:
    """What reads so many runs where `[compute]` names nothing: processes of this machine, if they are worth it."""
    if study.runs.workers < 2 or runs < MANY_RUNS:
        return InProcess()
    return _cluster(study, WorkersAddress(processes=study.runs.workers))


def _cluster(study: Study, address: WorkersAddress) -> Cluster:
    return Cluster(address, shared_folder(), (study.beside(study.runs.folder),))


def shared_folder() -> Path:
    """Where arrays lie while workers need them."""
    return home() / "shared"
