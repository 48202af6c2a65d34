"""Runs that came after a version was trained: what its bands cover of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from fieldwright.data.store.catalogue import RunRecord
from fieldwright.flows.runs.available_runs import accepted_runs, stored_targets
from fieldwright.flows.runs.promotion.champion_comparison import OUT_OF_FOLD
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.validation.holdout import HoldoutResult

NEAR = 1e-6
"""Share of a parameter's range within which a query is of a run."""


@dataclass(frozen=True)
class LateRuns:
    """How a version does on runs that came after it.

    names: of all of them. inside: how many lie in its domain. queried: how many were asked of the endpoint. covered:
    of each field the share of values of the runs inside that lie in their bands. errors: of each field the mean
    relative L2 error there. promised: the same of held-out runs in training.
    """

    names: tuple[str, ...]
    inside: int
    queried: int
    covered: dict[str, float]
    errors: dict[str, float]
    promised: dict[str, float]


def late_runs(
    study: Study, tracking: Tracking, version: ModelVersion, surrogate: Surrogate, queries: np.ndarray
) -> LateRuns:
    """Reads new runs of the study and evaluates the version on them; queries: (n, p) that the endpoint was asked.

    Raises FieldwrightError where the study's runs cannot be read.
    """
    description = surrogate.description
    learned_contents = set(tracking.json(version.run_id, OUT_OF_FOLD) or ())
    trained = tracking.client.get_model_version(tracking.name, version.version).creation_timestamp
    moment = datetime.fromtimestamp(trained / 1000, UTC)
    late = [
        one for one in accepted_runs(study) if one.content not in learned_contents and _after(one, moment)
    ]
    none = LateRuns(tuple(one.name for one in late), 0, 0, {}, {}, {})
    names = [info.name for info in description.parameters]
    if not late or description.history or any(set(names) - set(one.parameters) for one in late):
        return none
    x = np.array([[one.parameters[name] for name in names] for one in late], dtype=np.float64)
    targets = stored_targets(study, none.names)
    if any(
        info.name not in targets.values or targets.values[info.name].shape[-2] != info.n_points
        for info in description.fields
    ):
        return none
    width = np.array([info.maximum - info.minimum for info in description.parameters])
    near = np.abs(queries[None] - x[:, None]) <= NEAR * np.maximum(width, np.finfo(float).tiny)
    queried = int(np.count_nonzero(np.any(np.all(near, axis=2), axis=1))) if len(queries) else 0
    inside = surrogate.predict(x, fields=(), quantities=()).inside
    if not inside.any():
        return LateRuns(none.names, 0, queried, {}, {}, {})
    result = HoldoutResult.evaluate(
        surrogate, x[inside], {name: values[inside] for name, values in targets.values.items()}
    )
    return LateRuns(
        none.names,
        int(inside.sum()),
        queried,
        {name: one.pointwise for name, one in result.fields.items()},
        {name: one.error for name, one in result.fields.items()},
        {name: one["relative_l2.mean"] for name, one in description.errors.items()},
    )


def _after(record: RunRecord, moment: datetime) -> bool:
    return bool(record.stored_at) and datetime.fromisoformat(record.stored_at) > moment
