"""The Prefect flow: from a study file of any family to a registered champion, written once for all families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.runtime import flow_run

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.candidate_selection import selected_candidates
from fieldwright.flows.nothing_new import nothing_new_report
from fieldwright.flows.notification.messages import link_to
from fieldwright.flows.notification.pipeline_events import (
    notified_pipeline,
    notify_outcome,
    notify_rejected,
    notify_unreadable,
)
from fieldwright.flows.notification.running_pipeline import update_running
from fieldwright.flows.pipeline_page import (
    ingested_sentence,
    score_sentence,
    show_ingested,
    show_outcome,
)
from fieldwright.flows.pipeline_tasks import (
    draw_figures,
    evaluate,
    finish,
    ingest,
    open_tracking,
    split,
    write_report,
)
from fieldwright.flows.progress import log_progress
from fieldwright.flows.report import Ingested, Report
from fieldwright.flows.resumption.resumption import Resumption
from fieldwright.flows.resumption.step_results import StepResults
from fieldwright.flows.run_names import flow_run_name
from fieldwright.flows.steps import Incoming, Steps, Trained
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.study_families import study_family
from fieldwright.flows.tasks import opaque, require_home
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.past_runs.artifact_sizes import pipeline_megabytes
from fieldwright.flows.tracking.past_runs.continued_runs import INPUTS
from fieldwright.flows.tracking.pipeline_inputs import pipeline_inputs
from fieldwright.flows.tracking.pipeline_record import complete_pipeline, describe_version
from fieldwright.flows.tracking.pipelines import REPORT, end_killed_runs, finished_pipeline
from fieldwright.flows.tracking.records import record
from fieldwright.flows.tracking.sqlite_reading import MEGABYTES
from fieldwright.flows.tracking.study_lock import study_lock
from fieldwright.flows.tracking.system_metrics import system_metrics
from fieldwright.flows.tracking.tracked_run import TrackedRun
from fieldwright.flows.tracking.versions.promotion import gate_rows
from fieldwright.flows.tracking.versions.registration import Registrable, decide_and_promote, register
from fieldwright.flows.tracking.versions.version_history import champion_state

REJECTED = "rejected.json"
PIPELINE = "pipeline"


@flow(name="fieldwright", flow_run_name=flow_run_name, persist_result=False)
def run_study(
    study_path: str,
    force: bool = False,
    candidates: list[str] | None = None,
    skip: list[str] | None = None,
) -> Report:
    """Runs a study once, from what it learns from to its registered champion.

    Where data, study and code are those of an earlier pipeline, nothing is trained and nothing registered: the report
    is the earlier one and says so. `force` trains anyway. `candidates` are the labels of those to train; all if left
    out. `skip` names entries of the folder of the runs that are not complete yet. One pipeline of a study runs at a
    time; one that was interrupted is gone on with.
    """
    require_home()
    labels = tuple(candidates or ())
    try:
        study = load_study(Path(study_path)).skipping(skip or ())
    except FieldwrightError as error:
        notify_unreadable(Path(study_path), error)
        raise
    say = get_run_logger().info
    with log_progress(say), study_lock(study.name, say), notified_pipeline(study), ExitStack() as stack:
        tracking = open_tracking(opaque(study))
        if killed := end_killed_runs(tracking):
            say(
                f"Runs of {killed} pipeline{'s' if killed > 1 else ''} that had been killed are ended in MLflow"
            )
        steps = stack.enter_context(study_family(study.subject).steps_of(study, tracking))
        incoming = _ingested(study, steps, tracking)
        say(ingested_sentence(steps.samples, incoming.ingested))
        show_ingested(study, steps.samples, incoming.ingested)
        notify_rejected(study, incoming.ingested)
        data = steps.data_digest(incoming)
        inputs, results = pipeline_inputs(study, data, labels), StepResults(study.name)
        earlier = None if force else finished_pipeline(tracking, inputs)
        if earlier is not None:
            report = nothing_new_report(study, earlier, incoming.ingested, *champion_state(tracking))
            say(report.nothing_new)
            results.clear()
            return report
        resumption = Resumption(study, steps, tracking, results, inputs, data)
        with resumption.pipeline(partial(tracking.run, _run_name())) as pipeline:
            _open(study, tracking, pipeline)
            with system_metrics(tracking, pipeline, study.tracking.system_metrics):
                report = train_and_register(study, steps, tracking, pipeline, incoming, resumption, labels)
            pipeline.json({REPORT: report.as_dict()})
            size = f"{pipeline_megabytes(tracking, pipeline.id):.2f}"
            pipeline.tags({"best": report.best, "outcome": report.outcome, MEGABYTES: size})
            pipeline.tags({INPUTS: inputs})
        say(report.outcome)
        show_outcome(study, report, tracking.uri, tracking.experiment_id(), pipeline.id)
        notify_outcome(study, report)
    return report


def _run_name() -> str:
    """That of the flow run of Prefect."""
    return str(flow_run.name or PIPELINE)


def _ingested(study: StudyFile, steps: Steps[Any, Any], tracking: Tracking) -> Incoming:
    """What has come in; where that fails, MLflow shows a pipeline that failed."""
    try:
        return ingest(opaque(steps))
    except BaseException:
        with tracking.run(_run_name()) as pipeline:
            _open(study, tracking, pipeline)
            raise


def _open(study: StudyFile, tracking: Tracking, pipeline: TrackedRun) -> None:
    link = link_to(study, tracking.uri, tracking.experiment_id(), pipeline.id)
    update_running(run_id=pipeline.id, link=link)
    pipeline.tags({"role": "pipeline", "mlflow.note.content": study.description})
    secret, text = study.notify.webhook, study.path.read_text(encoding="utf-8")
    pipeline.texts({study.path.name: text.replace(secret, "$WEBHOOK") if secret else text})


def train_and_register(
    study: StudyFile,
    steps: Steps[Any, Any],
    tracking: Tracking,
    pipeline: TrackedRun,
    incoming: Incoming,
    resumption: Resumption,
    labels: Sequence[str] = (),
) -> Report:
    """Splits, evaluates every candidate, finishes the best, registers it, and promotes it by the rule.

    labels: of the candidates, where it is not all.
    """
    pipeline.json({REJECTED: _rows(incoming.ingested)})
    record(pipeline, incoming)
    data = split(opaque(steps), opaque(incoming))
    if data.ingested is not incoming.ingested:
        pipeline.json({REJECTED: _rows(data.ingested)})
    record(pipeline, data)
    trained: dict[str, Trained] = {}
    runs: dict[str, TrackedRun] = {}
    candidates = selected_candidates(steps.candidates(data), labels)

    def evaluate_all(some: Mapping[str, Any]) -> None:
        for label, candidate in some.items():
            trained[label], runs[label] = evaluate(
                label, opaque(candidate), opaque(data), opaque(pipeline), opaque(resumption)
            )
            get_run_logger().info(score_sentence(trained[label].evaluation, steps.metric))

    evaluate_all(candidates)
    joined = steps.joined(trained, data)
    candidates = {**candidates, **joined}
    # Not before: what is joined of the evaluated ones has results too.
    resumption.forget_others(candidates)
    evaluate_all(joined)
    best_label = min(trained, key=lambda label: steps.rank(trained[label].evaluation))
    best = trained[best_label]
    key = resumption.finish_key(candidates, best_label)
    finished, training = finish(
        key, opaque(best), opaque(tuple(trained.values())), opaque(data), opaque(resumption)
    )
    record(pipeline, finished)
    score = best.evaluation.score
    pipeline.log(
        metrics={"score": score} | {f"samples.{part}": n for part, n in data.samples.items()},
        tags={"family": steps.family.name, "metric": steps.metric},
    )
    tags = {
        "family": steps.family.name,
        "candidate": best.evaluation.candidate,
        "metric": steps.metric,
        "score": repr(score),
        "samples": steps.samples,
        "n_samples": str(data.samples["train"]),
    }
    trained_best = Registrable(
        finished.model,
        tags | dict(finished.tags),
        finished.ask,
        {**best.settings, **best.params, "seed": study.seed},
        steps.scored_on(resumption.data, data),
    )
    version, measured = register(opaque(tracking), opaque(pipeline), opaque(trained_best), training)
    decision = decide_and_promote(
        opaque(tracking),
        opaque(pipeline),
        opaque(version),
        opaque(trained_best),
        opaque(study.limits),
        measured,
        opaque(partial(steps.decide, best, finished)),
        opaque(resumption.results),
        key,
    )
    describe_version(tracking, pipeline, finished.model, version.version, decision)
    complete_pipeline(tracking, pipeline, resumption.data, best.evaluation.candidate, data.samples)
    # Behind the promotion, which needs none of them.
    pictures = [(pipeline, data.draw), (pipeline, finished.draw), (runs[best_label], best.draw)]
    draw_figures(opaque(pictures), key, opaque(resumption))
    report = study_family(study.subject).report_class()(
        study=study.name,
        best=best.evaluation.candidate,
        version=version.version,
        promoted=decision.promote,
        why=decision.why,
        compared=decision.compared,
        gates=tuple(gate_rows(decision.gates)),
        metric=steps.metric,
        ingested=data.ingested,
        evaluations=tuple(one.evaluation for one in trained.values()),
        notes=(*data.notes, *finished.model.description.notes),
        **finished.report,
    )
    metrics = {**data.metrics, **best.metrics, **finished.metrics}
    return write_report(
        opaque(study),
        opaque(tracking),
        opaque((pipeline, runs[best_label])),
        opaque(report),
        opaque(finished.model),
        steps.samples,
        opaque(metrics),
        opaque(partial(steps.learning_curves, best, tuple(trained.values()), data)),
    )


def _rows(ingested: Ingested) -> list[list[str]]:
    return [list(row) for row in ingested.rejected]
