"""The runs of a study in two: those to train on, and the test set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from fieldwright.data.errors import StudyError
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.flows.runs.targets import Targets, parameter_matrix, targets_from
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.validation.holdout import choose_test_set


@dataclass(frozen=True, eq=False)
class RunsSplit:
    """train: the runs of training and selection. test: the test set; None where the study has none."""

    train: Targets
    test: Targets | None


def split_runs(study: Study, snapshots: xr.Dataset, mesh: Mesh) -> RunsSplit:
    """Draws the test set by the study's seed; raises StudyError where too few runs are left to train on."""
    n = snapshots.sizes["run"]
    in_test = choose_test_set(parameter_matrix(study, snapshots), study.validation.test_size, study.seed)
    if not in_test.any():
        return RunsSplit(targets_from(study, snapshots, mesh), None)
    if n - in_test.sum() < study.runs.minimum:
        raise StudyError(
            f"At least {study.runs.minimum} runs ('runs.minimum') must be left beside the test set",
            f"{n} accepted, {in_test.sum()} of them in the test set",
            "Lower 'test_size' in [validation], or add runs",
        )
    train, test = (snapshots.isel(run=np.flatnonzero(rows)) for rows in (~in_test, in_test))
    return RunsSplit(targets_from(study, train, mesh), targets_from(study, test, mesh))
