"""The pipeline that is under way, on disk: what a killed one was at is known to whoever comes next."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from fieldwright.data.environment import folder_name, home
from fieldwright.data.whole_file import write_whole_file


@dataclass(frozen=True)
class RunningPipeline:
    """A pipeline under way: where it runs, since when, at which step, and its run in MLflow once it has one."""

    study: str
    host: str
    process: int
    started: str
    step: str = "start"
    run_id: str = ""
    link: str = ""

    @property
    def when(self) -> str:
        """When it was started, for people."""
        return datetime.fromisoformat(self.started).strftime("%Y-%m-%d %H:%M:%S")


_current: ContextVar[list[RunningPipeline] | None] = ContextVar("running pipeline", default=None)


def _file(study: str) -> Path:
    return home() / "running" / f"{folder_name(study)}.json"


@contextmanager
def running_pipeline(study: str) -> Iterator[None]:
    """Marks a pipeline of the study as under way while the block runs; the caller holds the study's lock."""
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    token = _current.set([RunningPipeline(study, socket.gethostname(), os.getpid(), now)])
    update_running()
    try:
        yield
    finally:
        _current.reset(token)
        _file(study).unlink(missing_ok=True)


def update_running(**changes: str) -> None:
    """Notes the `step` that begins, the `run_id` or the `link` of the pipeline under way, if there is one."""
    current = _current.get()
    if current is None:
        return
    # One list for all tasks of the flow, which run in copies of the context.
    current[0] = replace(current[0], **changes)
    path = _file(current[0].study)
    try:
        write_whole_file(path, json.dumps(asdict(current[0])))
    except OSError:
        # A full disk ends the pipeline where it writes what matters.
        return


def current_pipeline() -> RunningPipeline | None:
    """The pipeline under way in this process."""
    current = _current.get()
    return None if current is None else current[0]


def take_killed(study: str) -> RunningPipeline | None:
    """The pipeline that ended without a word, once; the caller holds the study's lock, so that none is under way."""
    path = _file(study)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        killed = RunningPipeline(**content)
    except (OSError, ValueError, TypeError):
        killed = None
    path.unlink(missing_ok=True)
    return killed
