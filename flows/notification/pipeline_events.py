"""The events of pipelines: failed, killed, a new champion, runs newly rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fieldwright.data.environment import folder_name, home
from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.notification.messages import notify, sentence_of
from fieldwright.flows.notification.running_pipeline import (
    RunningPipeline,
    current_pipeline,
    running_pipeline,
    take_killed,
)
from fieldwright.flows.report import Ingested, Report
from fieldwright.flows.study.file import StudyFile, read_toml
from fieldwright.flows.tracking.study_lock import study_is_idle

MOST_NAMED = 20
"""Rejected runs in one message."""


@contextmanager
def notified_pipeline(study: StudyFile) -> Iterator[None]:
    """Runs the block as the study's pipeline; that it failed, or one before was killed, is sent on.

    The caller holds the study's lock.
    """
    notify_killed(study)
    with running_pipeline(study.name):
        try:
            yield
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            now = current_pipeline()
            step, link = ("start", "") if now is None else (now.step, now.link)
            sentence = f"The pipeline failed at '{step}': {sentence_of(error)}"
            notify(study, "failed", sentence, link=link, step=step)
            raise


def notify_killed(study: StudyFile) -> RunningPipeline | None:
    """Says that the study's last pipeline was killed, if it was and nobody has said so; the caller holds the lock."""
    killed = take_killed(study.name)
    if killed is not None:
        sentence = (
            f"The pipeline of {killed.when} was killed at '{killed.step}' (process {killed.process} on "
            f"{killed.host}); the next one goes on from there"
        )
        notify(study, "failed", sentence, link=killed.link, step=killed.step, killed=True)
    return killed


def sweep_killed(study: StudyFile) -> RunningPipeline | None:
    """The same for whoever runs no pipeline; nothing where one is under way."""
    with study_is_idle(study.name) as free:
        return notify_killed(study) if free else None


def notify_unreadable(path: Path, error: FieldwrightError) -> None:
    """Says that no pipeline could be run, since the study file is wrong; as far as it says whom to tell."""
    try:
        values = read_toml(path)
        study = StudyFile.model_validate({"name": values["name"], "notify": values.get("notify", {})})
    except (FieldwrightError, ValueError, KeyError):
        return
    notify(study, "failed", f"The pipeline could not start: {error}", step="study file")


def notify_outcome(study: StudyFile, report: Report) -> None:
    """Says that there is a new champion."""
    now = current_pipeline()
    if report.promoted:
        sentence = f"Version {report.version} ({report.best}) is the champion: {report.why}"
        notify(study, "promoted", sentence, link="" if now is None else now.link, version=report.version)


def notify_rejected(study: StudyFile, ingested: Ingested) -> None:
    """Names the runs or photos that are rejected and were not, or for another reason, the last time."""
    if "rejected_runs" not in study.notify.on or study.notify.address is None:
        return
    path = home() / "running" / f"{folder_name(study.name)}.rejected.json"
    now = {name: reason for name, reason, _ in ingested.rejected}
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        before = {}
    new = [row for row in ingested.rejected if before.get(row[0]) != row[1]]
    if not new and now.keys() == before.keys():
        return
    if new:
        first, rows = new[0], [list(row) for row in new[:MOST_NAMED]]
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        sentence = f"Rejected: {first[0]}{more} ({first[1]}): {first[2]}"
        if not notify(study, "rejected_runs", sentence, rejected=rows, number=len(new)):
            return
    try:
        path.write_text(json.dumps(now), encoding="utf-8")
    except OSError:
        return
