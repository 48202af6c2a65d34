"""Writes the report of a pipeline into its MLflow run, and says where it lies."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse

from fieldwright.flows.pictures import UNDRAWN
from fieldwright.flows.report import Report
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study_families import study_family
from fieldwright.flows.study_report.common_sections import verdict
from fieldwright.flows.study_report.learning_curves import drawn_curves
from fieldwright.flows.study_report.page import report_page
from fieldwright.flows.study_report.pipeline_facts import PipelineFacts
from fieldwright.flows.tracking.experiment_page import run_address
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.tracked_run import FIGURES, TrackedRun
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.model import Model

REPORT_PAGE = "report.html"
"""File of a pipeline's MLflow run."""


def publish_report(
    study: StudyFile,
    tracking: Tracking,
    runs: Sequence[TrackedRun],
    report: Report,
    model: Model,
    samples: str,
    metrics: Mapping[str, float],
    learn: Callable[[], Mapping[str, LearningCurve]] = dict,
) -> Report:
    """Writes the page and returns the report with its place.

    Parameters
    ----------
    study, tracking
        Whose pipeline it is, and where that is tracked.
    runs
        Of the pipeline and of its best candidate, with the figures that have been drawn.
    report
        As it stands on the terminal.
    model
        The one that is registered.
    samples
        What is learned from, in the plural.
    metrics
        Of the pipeline and its best candidate.
    learn
        Field to the learning curve, which is asked where `fieldwright learn` has drawn none; none where that would
        take too long.
    """
    pictures = [figures_of(run) for run in runs]
    fields = {one.name for one in getattr(model.description, "fields", ())}
    facts = PipelineFacts(
        report,
        model,
        samples,
        metrics,
        {name: content for drawn, _ in pictures for name, content in drawn.items()},
        study.path.name,
        (drawn_curves(tracking, report.best, fields, study.seed) or learn()) if fields else {},
        tuple(sentence for _, undrawn in pictures for sentence in undrawn),
    )
    runs[0].texts({REPORT_PAGE: page_of(facts, study.description, runs[0].id)})
    return replace(report, page=page_place(tracking, runs[0].id))


def page_of(facts: PipelineFacts, description: str, run_id: str) -> str:
    """The HTML of the report."""
    summary, sections = study_family(facts.report.subject).report_sections(facts)
    report = facts.report
    return report_page(
        f"{report.study}, version {report.version}",
        description,
        verdict(report),
        summary,
        sections,
        f"Written by Fieldwright from the numbers of the MLflow run {run_id}; the same numbers stand in report.json "
        "beside this file.",
    )


def figures_of(run: TrackedRun) -> tuple[dict[str, bytes], list[str]]:
    """PNG by file name, of those that the run shows, and a sentence on each that could not be drawn."""
    if not any(one.path == FIGURES for one in run.client.list_artifacts(run.id)):
        return {}, []
    with tempfile.TemporaryDirectory(prefix="fieldwright-figures-") as folder:
        place = Path(run.client.download_artifacts(run.id, FIGURES, folder))
        undrawn = place / UNDRAWN
        sentences = undrawn.read_text(encoding="utf-8").splitlines() if undrawn.exists() else []
        return {path.name: path.read_bytes() for path in sorted(place.glob("*.png"))}, sentences


def page_place(tracking: Tracking, run_id: str) -> str:
    """The address of the page in MLflow where a server keeps it, else its path on this machine."""
    if tracking.uri.startswith("http"):
        address = run_address(tracking.uri, tracking.experiment_id(), run_id)
        return address.replace("?", f"/artifacts/{REPORT_PAGE}?")
    place = tracking.client.get_run(run_id).info.artifact_uri or ""
    parsed = urlparse(place)
    folder = unquote(parsed.path) if parsed.scheme in ("", "file") else place
    return f"{folder}/{REPORT_PAGE}"
