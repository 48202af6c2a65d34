"""The runs that a study has by now, for commands that learn from them without the pipeline."""

from __future__ import annotations

from collections.abc import Sequence

from fieldwright.data.errors import StudyError
from fieldwright.data.store.catalogue import RunRecord
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.runs.inputs import read_runs
from fieldwright.flows.runs.targets import Targets, targets_from
from fieldwright.flows.study.runs_study import Study


def accepted_runs(study: Study) -> list[RunRecord]:
    """The accepted runs by name, new and changed ones read first; none where there is no run yet.

    Raises StudyError where the shape varies: these commands think in points of the parameters.
    """
    if study.geometry is not None:
        raise StudyError(
            "Next runs and learning curves are for studies whose runs differ by parameters",
            f"the `[geometry]` of {study.path.name}",
            "Look at the errors of held-out shapes that `fieldwright run` reports",
        )
    folder = study.beside(study.runs.folder)
    if not (folder.is_dir() and any(folder.glob(study.runs.pattern))):
        return []
    read_runs(study)
    return SnapshotStore(study.store_path).accepted()


def stored_targets(study: Study, runs: Sequence[str]) -> Targets:
    """What a surrogate learns from the named runs of the store."""
    store = SnapshotStore(study.store_path)
    snapshots = store.snapshots(runs, study.stored)
    return targets_from(study, snapshots, store.mesh(snapshots.attrs["mesh"]))
