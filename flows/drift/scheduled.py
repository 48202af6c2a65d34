"""The check for drift as a Prefect flow, for deployments and schedules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger

from fieldwright.flows.drift.drift_check import check_drift, study_of_runs_by_parameters
from fieldwright.flows.notification.messages import link_to, notify
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tasks import require_home
from fieldwright.flows.tracking.mlflow_runs import Tracking


@flow(name="fieldwright drift", flow_run_name="drift {study_path}", persist_result=False)
def watch_for_drift(study_path: str) -> dict[str, Any]:
    """Checks the champion of a study for drift, and retrains where `[drift]` says so; the report as plain types."""
    require_home()
    study = study_of_runs_by_parameters(load_study(Path(study_path)))
    report = check_drift(study, retrain=retrained)
    say = get_run_logger()
    if report.drift:
        tracking = Tracking(study.tracking.uri, study.name)
        link = link_to(study, tracking.uri, tracking.experiment_id())
        notify(study, "drift", report.sentence, link=link, version=report.version, advice=list(report.advice))
    (say.warning if report.drift else say.info)(report.sentence)
    for line in report.advice:
        say.info(line)
    return report.as_dict()


def retrained(study_path: str) -> str:
    """Runs the pipeline of the study; what came of it in one sentence."""
    from fieldwright.flows.workflow import run_study

    report = run_study(study_path)
    return report.nothing_new or report.outcome
