"""The runs of a study in two: those to learn from, and those kept aside to judge by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from fieldwright.data.errors import StudyError
from fieldwright.data.mesh.mesh import Mesh
from fieldwright.flows.runs.targets import Targets, parameters_of, targets_from
from fieldwright.flows.study.runs_study import Study
from fieldwright.surrogates.validation.holdout import choose_test_set


@dataclass(frozen=True, eq=False)
class Parted:
    """learned: what everything is learned from. aside: None where the study keeps no runs aside."""

    learned: Targets
    aside: Targets | None


def part_runs(study: Study, snapshots: xr.Dataset, mesh: Mesh) -> Parted:
    """Draws the runs that are kept aside by the seed; raises StudyError where too few are left to learn from."""
    n = snapshots.sizes["run"]
    aside = choose_test_set(parameters_of(study, snapshots), study.validation.keep_aside, study.seed)
    if not aside.any():
        return Parted(targets_from(study, snapshots, mesh), None)
    if n - aside.sum() < study.runs.minimum:
        raise StudyError(
            f"At least {study.runs.minimum} runs ('runs.minimum') must be left beside those kept aside",
            f"{n} accepted, {aside.sum()} of them kept aside",
            "Lower 'keep_aside' in [validation], or add runs",
        )
    learned, kept = (snapshots.isel(run=np.flatnonzero(rows)) for rows in (~aside, aside))
    return Parted(targets_from(study, learned, mesh), targets_from(study, kept, mesh))
