"""The tasks of Prefect of which a pipeline of any family consists, in their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prefect import get_run_logger

from fieldwright.flows.notification.running_pipeline import update_running
from fieldwright.flows.pictures import Picture
from fieldwright.flows.report import Report
from fieldwright.flows.resumption.resumption import Resumption
from fieldwright.flows.steps import Dataset, Finished, Incoming, Steps, Trained
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study_report.publish import publish_report
from fieldwright.flows.tasks import one_thread, pipeline_task
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.records import record_candidate
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.surrogates.design.power_law import LearningCurve
from fieldwright.surrogates.model import Model


@pipeline_task(name="open the tracking store")
def open_tracking(study: StudyFile) -> Tracking:
    """A task of its own, so that a store that is away for a while is tried again."""
    return Tracking.of(study)


@pipeline_task(name="ingest")
def ingest(steps: Steps[Any, Any]) -> Incoming:
    """Reads what is new or has changed; what is rejected stands in the log with the reason."""
    update_running(step="ingest")
    incoming = steps.ingest()
    _warn(steps, incoming.ingested.rejected)
    return incoming


@pipeline_task(name="split")
def split(steps: Steps[Any, Any], incoming: Incoming) -> Dataset:
    """Loads what candidates learn from, and splits off what they are tested by."""
    update_running(step="split")
    with one_thread():
        data = steps.split(incoming)
    _warn(steps, data.ingested.rejected[len(incoming.ingested.rejected) :])
    for note in data.notes:
        get_run_logger().warning(note)
    return data


@pipeline_task(name="evaluate", task_run_name="evaluate {label}")
def evaluate(
    label: str, candidate: Any, data: Dataset, pipeline: TrackedRun, resumption: Resumption
) -> tuple[Trained, TrackedRun]:
    """Fits and evaluates one candidate, and writes its run; or takes both from an interrupted pipeline."""
    update_running(step=f"evaluate {label}")
    steps, seed = resumption.steps, resumption.study.seed

    def written(run: TrackedRun, trained: Trained) -> None:
        record_candidate(run, steps, seed, data, trained)

    return resumption.evaluated(label, candidate, data, pipeline, written)


@pipeline_task(name="finish")
def finish(
    key: str, best: Trained, all_trained: tuple[Trained, ...], data: Dataset, resumption: Resumption
) -> tuple[Finished, str]:
    """Trains the best candidate on all it may learn from, and tests it; returns the name of this training too."""
    update_running(step="finish")
    return resumption.finished(key, best, all_trained, data)


@pipeline_task(name="draw figures")
def draw_figures(
    pictures: Sequence[tuple[TrackedRun, Callable[[], Mapping[str, Picture]]]],
    key: str,
    resumption: Resumption,
) -> None:
    """Draws what a run is to show: those of the best candidate alone, since they take longer than many a training.

    A picture that cannot be drawn is said in the log and beside the others, and undoes no version that is registered.
    """
    update_running(step="draw figures")

    def draw_all() -> None:
        for run, draw in pictures:
            for sentence in run.figures(draw()):
                get_run_logger().warning(sentence)

    try:
        resumption.drawn(key, draw_all)
    except Exception:
        get_run_logger().exception("The pictures of the best candidate could not be drawn")


@pipeline_task(name="write the report")
def write_report(
    study: StudyFile,
    tracking: Tracking,
    runs: Sequence[TrackedRun],
    report: Report,
    model: Model,
    samples: str,
    metrics: Mapping[str, float],
    learn: Callable[[], Mapping[str, LearningCurve]],
) -> Report:
    """Writes the report as a page; what goes wrong with it is logged, and undoes no version that is registered."""
    update_running(step="write the report")
    try:
        with one_thread():
            return publish_report(study, tracking, runs, report, model, samples, metrics, learn)
    except Exception:
        get_run_logger().exception("The report of version %s could not be written", report.version)
        return report


def _warn(steps: Steps[Any, Any], rejected: tuple[tuple[str, str, str], ...]) -> None:
    for name, reason, sentence in rejected:
        get_run_logger().warning("%s: %s rejected (%s): %s", steps.samples, name, reason, sentence)
