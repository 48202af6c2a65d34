"""The runs of a study in two: those to train on, and the test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fieldwright.data.computing.executor import IN_PROCESS, Executor
from fieldwright.data.errors import StudyError
from fieldwright.data.store.field_values import SelectedRuns
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.runs.frozen_fields import frozen_fields
from fieldwright.flows.runs.targets import Targets, parameter_matrix, targets_from
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.validation.holdout import choose_test_set


@dataclass(frozen=True, eq=False)
class RunsSplit:
    """train: the runs of training and selection. test: the test set; None where the study has none."""

    train: Targets
    test: Targets | None


def split_runs(
    study: Study, store: SnapshotStore, runs: Sequence[str], executor: Executor = IN_PROCESS
) -> RunsSplit:
    """Draws the test set of these runs by the study's seed; raises StudyError where too few are left to train on.

    executor: where fields that are not held in memory are frozen.
    """
    snapshots = store.snapshots(runs, study.stored)
    mesh, n = store.mesh(snapshots.attrs["mesh"]), snapshots.sizes["run"]
    in_test = choose_test_set(parameter_matrix(study, snapshots), study.validation.test_size, study.seed)
    if in_test.any() and n - in_test.sum() < study.runs.minimum:
        raise StudyError(
            f"At least {study.runs.minimum} runs ('runs.minimum') must be left beside the test set",
            f"{n} accepted, {in_test.sum()} of them in the test set",
            "Lower 'test_size' in [validation], or add runs",
        )
    values = frozen_fields(store, runs, snapshots, study.stored, study.compute.memory_bytes, executor)
    if not in_test.any():
        return RunsSplit(targets_from(study, snapshots, mesh, values), None)
    parts = []
    for rows in (np.flatnonzero(~in_test), np.flatnonzero(in_test)):
        selected = None if values is None else {name: SelectedRuns(one, rows) for name, one in values.items()}
        parts.append(targets_from(study, snapshots.isel(run=rows), mesh, selected))
    return RunsSplit(*parts)
