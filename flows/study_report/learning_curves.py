"""The learning curve that `fieldwright learn` has drawn last, as it stands in MLflow."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.surrogates.design.power_law import LearningCurve

CURVES = "learning_curve.json"
"""File of the run of a learning curve: field to sizes (k,) and errors (k, repeats)."""
ROLE = "learning curve"
"""Tag of such a run."""


def curves_document(curves: Mapping[str, LearningCurve]) -> dict[str, dict[str, list]]:
    """What `drawn_curves` reads."""
    return {
        name: {"sizes": one.sizes.tolist(), "errors": one.errors.tolist()} for name, one in curves.items()
    }


def drawn_curves(tracking: Tracking, candidate: str, fields: set[str], seed: int) -> dict[str, LearningCurve]:
    """Field to the latest curve of the candidate; none where none was drawn, or those were of other fields."""
    client = tracking.client
    runs = client.search_runs(
        [tracking.experiment_id()],
        f"tags.role = '{ROLE}' and tags.candidate = '{candidate}'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    if not runs or not any(one.path == CURVES for one in client.list_artifacts(runs[0].info.run_id)):
        return {}
    with tempfile.TemporaryDirectory(prefix="fieldwright-learning-") as folder:
        path = client.download_artifacts(runs[0].info.run_id, CURVES, folder)
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    if set(document) != fields:
        return {}
    return {
        name: LearningCurve.of(np.array(one["sizes"]), np.array(one["errors"]), seed)
        for name, one in document.items()
    }
