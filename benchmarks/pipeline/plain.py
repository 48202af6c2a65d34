"""The learning of a study as a plain script: no Prefect, no MLflow, no figures, and the model into a folder.

`python -m benchmarks.pipeline.plain STUDY.toml FOLDER` reads the runs into the store of $FIELDWRIGHT_HOME and does
what the pipeline does with them: reduces the fields, cross-validates every candidate, trains the best on all runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fieldwright.data.environment import set_offline_defaults


def main() -> None:
    set_offline_defaults()
    from threadpoolctl import threadpool_limits

    from fieldwright.data.store.snapshot_store import SnapshotStore
    from fieldwright.flows.runs.candidates import with_common_settings
    from fieldwright.flows.runs.inputs import read_runs
    from fieldwright.flows.runs.learning import cross_validated, train_on_all, views_of
    from fieldwright.flows.runs.reduction import reduce_fields
    from fieldwright.flows.runs.targets import targets_from
    from fieldwright.flows.steps import candidates_by_label
    from fieldwright.flows.study.runs_study import Study

    study, folder = Study.load(Path(sys.argv[1])), Path(sys.argv[2])
    read_runs(study)
    store = SnapshotStore(study.store_path)
    snapshots = store.snapshots(None, list(study.fields))
    targets = targets_from(study, snapshots, store.mesh(snapshots.attrs["mesh"]))
    with threadpool_limits(1):
        views = views_of(study, targets)
        reduce_fields(study, views)
        trained = []
        for label, config in candidates_by_label(study.candidates).items():
            candidate = with_common_settings(study, config, targets)
            evaluation, validation = cross_validated(study, label, candidate, targets, views)
            trained.append((evaluation.score, candidate, validation))
        _, candidate, validation = min(trained, key=lambda one: one[0])
        train_on_all(study, candidate, targets, views, validation).save(folder)


if __name__ == "__main__":
    main()
