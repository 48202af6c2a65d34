"""Registers what a pipeline has trained, and promotes it where its rule holds."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from fieldwright.flows.tasks import pipeline_task
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.promotion import Decision
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.surrogates.model import Model


@pipeline_task(name="register")
def register_and_decide(
    tracking: Tracking,
    run: TrackedRun,
    model: Model,
    tags: Mapping[str, str],
    rule: Callable[[tuple[str, float] | None], Decision],
) -> tuple[str, Decision]:
    """Registers the model as the next version and gives it the alias if the promotion rule holds.

    tags: of the version, among them its `metric` and `score`. rule: decides by the present champion's version and
    score, None where there is none with the same metric.
    """
    present = tracking.registry.champion()
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "surrogate")
        columns = model.example()
        example = None if columns is None else pd.DataFrame(dict(columns))
        version = tracking.registry.register(Path(folder) / "surrogate", run.id, tags, example)
    decision = rule(_scored(present, tags["metric"]))
    if decision.promote:
        tracking.registry.promote(version)
    return version.version, decision


def _scored(champion: ModelVersion | None, metric: str) -> tuple[str, float] | None:
    """The champion's version and score; None if it has another metric and cannot be compared."""
    if champion is None or champion.tags.get("metric") != metric:
        return None
    return champion.version, float(champion.tags["score"])
