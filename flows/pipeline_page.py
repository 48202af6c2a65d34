"""What Prefect shows of a pipeline: what came in, how the candidates compare, the decision, and links to MLflow."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)

from fieldwright.flows.report import Evaluation, Ingested, Report
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.experiment_page import run_address

MOST_REJECTED = 200
"""Rows of the table of what was rejected."""


def ingested_sentence(samples: str, ingested: Ingested) -> str:
    """How many were accepted and rejected, in words."""
    number = len(ingested.accepted)
    return f"{number} {samples} accepted, {ingested.unchanged} of them unchanged, {len(ingested.rejected)} rejected"


def score_sentence(evaluation: Evaluation, metric: str) -> str:
    """A candidate's numbers, in words."""
    errors = getattr(evaluation, "relative_l2", {})
    beside = "".join(f", {name} {value:.3g}" for name, value in errors.items())
    return (
        f"{_title(evaluation)}: {metric} {evaluation.score:.4g}{beside}, fit {evaluation.fit_seconds:.1f} s"
    )


def show_ingested(study: StudyFile, samples: str, ingested: Ingested) -> None:
    """The table of what was rejected and why, under a sentence on all."""
    rows = [
        {"name": name, "reason": reason, "what is wrong": sentence}
        for name, reason, sentence in ingested.rejected[:MOST_REJECTED]
    ]
    create_table_artifact(
        rows or [{"name": "-", "reason": "-", "what is wrong": "nothing was rejected"}],
        key=artifact_key(study.name, "ingest"),
        description=ingested_sentence(samples, ingested),
    )


def show_outcome(study: StudyFile, report: Report, tracking_uri: str, experiment: str, run: str) -> None:
    """The comparison of candidates as table and picture, the decision, and the ways to MLflow and to the report."""
    from fieldwright.flows.pictures import picture_bytes
    from fieldwright.flows.study_report.candidates_figure import candidates_figure

    create_table_artifact(
        [_row(one, report) for one in report.evaluations],
        key=artifact_key(study.name, "candidates"),
        description=f"Candidates by {report.metric}, lower is better",
    )
    create_image_artifact(
        "data:image/png;base64," + base64.b64encode(picture_bytes(candidates_figure(report))).decode(),
        key=artifact_key(study.name, "comparison"),
        description=f"Candidates by {report.metric}, lower is better",
    )
    state = "Promoted" if report.promoted else "Not promoted"
    lines = [f"# {state}: version {report.version} ({report.best})", "", f"{report.why}.", ""]
    if report.compared:
        lines += [f"Compared: {report.compared}.", ""]
    if report.gates:
        lines += ["| gate | value | limit | |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(row)} |" for row in report.gates]
    create_markdown_artifact(
        "\n".join(lines),
        key=artifact_key(study.name, "decision"),
        description=report.outcome,
    )
    if report.page:
        create_link_artifact(
            Path(report.page).as_uri() if report.page.startswith("/") else report.page,
            f"The report of version {report.version}",
            key=artifact_key(study.name, "report"),
        )
    if tracking_uri.startswith("http"):
        create_link_artifact(
            run_address(tracking_uri, experiment, run),
            "The run in MLflow",
            key=artifact_key(study.name, "mlflow"),
        )


def artifact_key(study: str, part: str) -> str:
    """A key as Prefect takes it: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", f"{study}-{part}".lower()).strip("-")


def _row(evaluation: Evaluation, report: Report) -> dict[str, Any]:
    errors = getattr(evaluation, "relative_l2", {})
    return {
        "candidate": _title(evaluation),
        "best": "yes" if evaluation.candidate == report.best else "",
        report.metric: f"{evaluation.score:.4g}",
        **{name: f"{value:.3g}" for name, value in errors.items()},
        "fit, s": f"{evaluation.fit_seconds:.1f}",
    }


def _title(evaluation: Evaluation) -> str:
    return str(getattr(evaluation, "title", evaluation.candidate))
