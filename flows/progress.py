"""Progress of long work: the pipeline reports into it, the command line draws it, a schedule leaves it silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

_report: ContextVar[Callable[[str, int, int, str], None] | None] = ContextVar("progress", default=None)


def report(step: str, done: int, total: int, note: str = "") -> None:
    """Says that `done` of `total` parts of a step are finished; a step appears with its first report.

    note: what else is to be seen of it now, such as a loss.
    """
    draw = _report.get()
    if draw is not None:
        draw(step, done, total, note)


class _Rate(ProgressColumn):
    """Parts per second, or seconds per part where that is the longer."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.3g}/s" if speed >= 1 else f"{1 / speed:.3g} s each")


@contextmanager
def drawn(console: Console) -> Iterator[None]:
    """Draws every reported step as a bar with count, elapsed and remaining time, while the block runs."""
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
        known: dict[str, object] = {}

        def draw(step: str, done: int, total: int, note: str) -> None:
            if step not in known:
                known[step] = bars.add_task(step, total=total, note=note)
            bars.update(known[step], completed=done, total=total, note=note)  # pyright: ignore[reportArgumentType]

        token = _report.set(draw)
        try:
            yield
        finally:
            _report.reset(token)
