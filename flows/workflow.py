"""The Prefect flow: from a study file of any sort to a registered champion."""

from __future__ import annotations

import pkgutil
from pathlib import Path

from prefect import flow, get_run_logger

from fieldwright.flows.progress import logged
from fieldwright.flows.report import Report
from fieldwright.flows.sorts import sort_named
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.mlflow_runs import Tracking


@flow(name="fieldwright", flow_run_name="{study_path}", persist_result=False)
def run_study(study_path: str) -> Report:
    """Runs a study once, from what it learns from to its registered champion."""
    study = load_study(Path(study_path))
    tracking = Tracking(study.tracking.uri, study.name)
    with logged(get_run_logger().info), tracking.run("pipeline") as pipeline:
        pipeline.tags({"role": "pipeline", "mlflow.note.content": study.description})
        pipeline.file(study.path)
        report = pkgutil.resolve_name(sort_named(study.sort).pipeline)(study, tracking, pipeline)
        pipeline.tags({"best": report.best, "outcome": report.outcome})
        pipeline.json(report.as_dict(), "report.json")
    return report
