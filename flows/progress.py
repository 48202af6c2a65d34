"""Progress of long work: the pipeline reports into it; a terminal shows bars, a file or a schedule's log lines."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from threading import Event, Lock, Thread

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

EVERY_SECONDS = 30.0
"""Between two lines of a step that is under way."""
FIRST_SECONDS = 5.0
"""After which the first line of a step says how long it will take."""

_report: ContextVar[Callable[[str, int, int, str], None] | None] = ContextVar("progress", default=None)


def report(step: str, current: int, total: int, note: str = "") -> None:
    """Says that `done` of `total` parts of a step are finished; a step appears with its first report.

    note: a current value, such as a loss.
    """
    draw = _report.get()
    if draw is not None:
        draw(step, current, total, note)


class _Rate(ProgressColumn):
    """Parts per second, or seconds per part where that is the longer."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.3g}/s" if speed >= 1 else f"{1 / speed:.3g} s each")


@contextmanager
def show_progress(console: Console) -> Iterator[None]:
    """Shows every reported step while the block runs: as bars in a terminal, as lines where the output is a file."""
    if not console.is_terminal:
        with log_progress(lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True)):
            yield
        return
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, TaskID] = {}

        def draw(step: str, current: int, total: int, note: str) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total, note=note)
            bars.update(tasks[step], completed=current, total=total, note=note)

        with _reported_to(draw):
            yield


@contextmanager
def log_progress(write: Callable[[str], object], every_seconds: float = EVERY_SECONDS) -> Iterator[None]:
    """Writes a line when a step ends, and every so many seconds one of the step that is under way.

    A line says the step, how much of it is done and about how many seconds are left; the first one comes as soon as
    that is known, after five seconds or `every_seconds`. Where progress is shown already, nothing more is written.
    """
    if _report.get() is not None:
        yield
        return
    lines, stop = _Lines(write, min(FIRST_SECONDS, every_seconds)), Event()
    # In the context of this thread, which says where lines of a flow are logged: without it Prefect starts a server.
    tick = partial(copy_context().run, _tick, lines, stop, every_seconds)
    ticking = Thread(target=tick, daemon=True, name="progress")
    ticking.start()
    try:
        with _reported_to(lines.take):
            yield
    finally:
        stop.set()
        ticking.join()


class _Lines:
    """The steps that are under way, and their lines."""

    def __init__(self, write: Callable[[str], object], first_seconds: float = FIRST_SECONDS) -> None:
        self._write, self._first_seconds, self._lock = write, first_seconds, Lock()
        self._begun: set[str] = set()
        self._since: dict[str, float] = {}
        self._latest: dict[str, tuple[int, int, str]] = {}

    def take(self, step: str, current: int, total: int, note: str) -> None:
        """Keeps the latest report of a step; the last one is written, and the first that tells the time left."""
        with self._lock:
            begin = self._since.setdefault(step, time.monotonic())
            complete = current >= total
            repeated = self._latest.get(step, (-1, 0, ""))[0] >= current
            self._latest[step] = (current, total, note)
            telling = current > 0 and time.monotonic() - begin >= self._first_seconds
            if (complete and not repeated) or (telling and step not in self._begun):
                self._begun.add(step)
                self._write(self._line(step))

    def under_way(self) -> None:
        """Writes a line for each step that has not ended."""
        with self._lock:
            for step, (current, total, _) in self._latest.items():
                if current < total:
                    self._begun.add(step)
                    self._write(self._line(step))

    def _line(self, step: str) -> str:
        current, total, note = self._latest[step]
        seconds = time.monotonic() - self._since[step]
        time_left = (
            f", about {seconds * (total - current) / current:.0f} s left" if 0 < current < total else ""
        )
        share = f" ({current / total:.0%})" if total > 1 else ""
        return f"{step}: {current} of {total}{share}, {seconds:.0f} s{time_left}" + (
            f"; {note}" if note else ""
        )


def _tick(lines: _Lines, stop: Event, every_seconds: float) -> None:
    while not stop.wait(every_seconds):
        lines.under_way()


@contextmanager
def _reported_to(take: Callable[[str, int, int, str], None]) -> Iterator[None]:
    token = _report.set(take)
    try:
        yield
    finally:
        _report.reset(token)
