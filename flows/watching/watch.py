"""The loop of `fieldwright watch`: looks, and runs the pipeline in a process of its own where something is new."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from fieldwright.data.environment import home
from fieldwright.data.errors import FieldwrightError, StudyError
from fieldwright.data.ingest.solver_log import log_is_open
from fieldwright.flows.commands.foreground import end_group
from fieldwright.flows.notification.pipeline_events import notify_unreadable, sweep_killed
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.loading import load_study
from fieldwright.flows.tracking.study_lock import study_is_idle
from fieldwright.flows.watching.listing import WatchedEntry, list_entries
from fieldwright.flows.watching.progress_file import Handled
from fieldwright.flows.watching.settling import Settling

MISTAKE = 2
"""Exit status of a pipeline that ended with a user's mistake."""
SLOWER = 4.0
"""Each wait for another attempt is so many times as long as the one before."""
MOST_NAMED = 5


def watch_forever(path: Path, say: Callable[[str], None], stop: Event | None = None) -> None:
    """Watches the folder of the study file at `path` until SIGTERM or SIGINT, or until `stop` is set.

    Raises StudyError where the study is being watched already, or cannot be read at the start.
    """
    study = load_study(path)
    study.check()
    stop = stop or Event()
    with study_is_idle(f"watch-{study.name}") as free:
        if not free:
            raise StudyError(
                "A study must be watched once",
                f"'{study.name}', which another `fieldwright watch` of this machine watches",
                "Use that one, or end it first",
            )
        before = _stop_on_signals(stop)
        try:
            say(f"Watching '{study.name}' every {study.watch.every_seconds:g} s. Ctrl-C ends it.")
            watch = Watch(study, say)
            while not stop.is_set():
                watch.look(stop)
                stop.wait(watch.study.watch.every_seconds)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@dataclass
class Watch:
    """The state between two looks: the study, what has settled, what is handled, attempts that broke off.

    The study file is read again where it has changed.
    """

    study: StudyFile
    say: Callable[[str], None]
    _settling: Settling = field(init=False)
    _handled: Handled = field(init=False)
    _stamp: tuple[int, int] = field(init=False)
    _last_sentence: str = field(init=False, default="")
    _attempts: int = field(init=False, default=0)
    _attempted: dict[str, str] = field(init=False, default_factory=dict)
    _not_before: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._handled = Handled(self.study.name)
        self._begin(self.study)

    def look(self, stop: Event) -> None:
        """Lists the places of the study, and runs its pipeline where complete entries are new."""
        self._read_study()
        try:
            entries = list_entries(self.study.watched(), self.study.watch.ignore)
        except OSError as error:
            self._say_once(f"The files cannot be looked at ({error.strerror or error}); looking again")
            return
        settled = self._settling.settled(entries, time.monotonic())
        new = self._handled.new_among(settled)
        if not new or any(entry.needed and name not in settled for name, entry in entries.items()):
            return
        if settled != self._attempted:
            self._attempts, self._not_before = 0, 0.0
        if time.monotonic() < self._not_before:
            return
        unsettled = [name for name, entry in entries.items() if name not in settled and not entry.needed]
        self._run(new, settled, unsettled, entries, stop)

    def _run(
        self,
        new: Sequence[str],
        settled: dict[str, str],
        unsettled: Sequence[str],
        entries: dict[str, WatchedEntry],
        stop: Event,
    ) -> None:
        waiting = f"; {len(unsettled)} not complete yet" if unsettled else ""
        self.say(f"New or changed: {_named(new)}{waiting}")
        status = run_pipeline(self.study, unsettled, stop)
        if stop.is_set():
            return
        self._attempted, self._attempts = settled, self._attempts + 1
        if status in (0, MISTAKE):
            self._handled.add(settled)
            if status == MISTAKE:
                self.say("The pipeline ended with a mistake in runs or study: it runs again when they change")
            return
        sweep_killed(self.study)
        rule = self.study.watch
        if self._attempts >= rule.attempts:
            self._handled.add(settled)
            self.say(f"The pipeline broke off {self._attempts} times: it runs again when the files change")
            return
        seconds = rule.retry_seconds * SLOWER ** (self._attempts - 1)
        self._not_before = time.monotonic() + seconds
        self.say(f"The pipeline broke off (exit status {status}); another attempt in {seconds:g} s")

    def _read_study(self) -> None:
        """Takes up a changed study file; one that is wrong is said once, and the last good one holds."""
        stamp = _stamp(self.study.path)
        if stamp == self._stamp:
            return
        try:
            study = load_study(self.study.path)
        except FieldwrightError as error:
            self._stamp = stamp
            self.say(f"{error} Watching by the study file as it was")
            notify_unreadable(self.study.path, error)
            return
        if study.name != self.study.name:
            self._handled = Handled(study.name)
        self._begin(study)

    def _begin(self, study: StudyFile) -> None:
        rule = study.watch
        self.study, self._stamp = study, _stamp(study.path)
        is_open = partial(log_is_open, pattern=rule.log, ended=rule.log_ended)
        self._settling = Settling(rule.settle_seconds, rule.log_seconds, is_open)

    def _say_once(self, sentence: str) -> None:
        if sentence != self._last_sentence:
            self.say(sentence)
        self._last_sentence = sentence


def run_pipeline(study: StudyFile, unsettled: Sequence[str], stop: Event) -> int:
    """Runs `fieldwright run` to its end, in a process of its own; its exit status, negative where a signal ended it.

    A fault of a library then ends a pipeline and not the watch, and its memory is given back.
    """
    tie = [sys.executable, "-m", "fieldwright.serving.hosting.parent_watch"]
    command = [*tie, sys.executable, "-m", "fieldwright.flows.cli", "run", str(study.path)]
    for name in unsettled:
        command += ["--skip", name]
    environment = {**os.environ, "FIELDWRIGHT_HOME": str(home())}
    # A session of its own: one signal reaches all that it starts.
    process = subprocess.Popen(command, start_new_session=True, env=environment)
    while process.poll() is None and not stop.wait(0.2):
        pass
    end_group(process)
    return process.returncode


def _stop_on_signals(stop: Event) -> dict[int, Any]:
    return {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError:
        return (0, 0)
    return (stat.st_size, stat.st_mtime_ns)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
