"""Champion and challenger, compared on the same runs, none of which the one that predicts it has learned from."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fieldwright.data.errors import FieldwrightError
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.runs.targets import Targets
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.versions.paired_comparison import paired_comparison
from fieldwright.flows.tracking.versions.promotion import Comparison
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.validation import metrics
from fieldwright.surrogates.validation.cross_validation import CrossValidation

OUT_OF_FOLD = "out_of_fold.json"
"""File of a pipeline's MLflow run: content of a run -> field -> relative L2 error when it was held out."""
BLOCK = 2**20
"""Values of the runs that a champion predicts together."""


def out_of_fold_errors(
    study: Study, targets: Targets, validation: CrossValidation
) -> dict[str, dict[str, float]] | None:
    """Content of each run to field to its relative L2 error when held out; None where rows are not whole runs."""
    contents = contents_of(study, targets)
    if contents is None:
        return None
    return {
        content: {name: float(one["relative_l2"][i]) for name, one in validation.errors.items()}
        for i, content in enumerate(contents)
    }


def compare_with_champion(
    study: Study, tracking: Tracking, champion: ModelVersion, targets: Targets, validation: CrossValidation
) -> Comparison | None:
    """The comparison on the present runs; None where the champion does not answer the same question.

    It must have the same parameters and fields, and have left its errors of held-out runs, which versions of earlier
    releases did not.
    """
    contents = contents_of(study, targets)
    errors = tracking.json(champion.run_id, OUT_OF_FOLD)
    if contents is None or errors is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            surrogate = Surrogate.load(tracking.registry.download(champion, Path(folder)))
    except FieldwrightError:
        return None
    description = surrogate.description
    if (
        [one.name for one in description.parameters] != [one.name for one in targets.parameters]
        or {one.name: one.n_points for one in description.fields}
        != {one.name: one.n_points for one in targets.fields}
        or description.history
    ):
        return None
    of_champion = _errors(surrogate, contents, errors, targets)
    of_challenger = {name: validation.errors[name]["relative_l2"] for name in targets.values}
    mean_of_champion, mean_of_challenger = (
        np.mean([one[name] for name in targets.values], axis=0) for one in (of_champion, of_challenger)
    )
    inside = surrogate.predict(targets.x, fields=(), quantities=()).inside
    return paired_comparison(
        champion.version,
        mean_of_champion,
        mean_of_challenger,
        targets.runs,
        contents,
        new=sum(content not in errors for content in contents),
        outside=float(np.mean(~inside)),
        samples="runs",
        error="mean relative L2 error",
    )


def _errors(
    surrogate: Surrogate, contents: list[str], errors: Mapping[str, Mapping[str, float]], targets: Targets
) -> dict[str, np.ndarray]:
    """Field to the champion's error (n,) of each run, by predictions of those that it has not learned from."""
    new = np.array([content not in errors for content in contents])
    values = {}
    for name, true in targets.values.items():
        number = max(1, BLOCK // int(np.prod(true.shape[1:])))
        values[name] = np.array([errors[one][name] if one in errors else np.nan for one in contents])
        rows, weights = np.flatnonzero(new), targets.weights.get(name)
        norms = []
        for start in range(0, len(rows), number):
            some = rows[start : start + number]
            predicted = surrogate.predict(targets.x[some], fields=[name]).fields[name].mean
            of_runs = true[some]
            off = metrics.norms(of_runs - predicted.reshape(of_runs.shape), weights)
            norms.append((off, metrics.norms(of_runs, weights)))
        if norms:
            values[name][new] = metrics.relative(*np.concatenate(norms, axis=1))
    return values


def contents_of(study: Study, targets: Targets) -> list[str] | None:
    """A digest of what each run holds; None where rows are windows of runs, or of runs that are not in the store."""
    if targets.windows is not None or len(set(targets.runs)) != len(targets.runs):
        return None
    records = {record.name: record for record in SnapshotStore(study.store_path).accepted()}
    return [str(records[run].content) for run in targets.runs] if set(targets.runs) <= set(records) else None
