"""Progress where the output is a file: lines with step, share and time left."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from contextvars import ContextVar

import pytest
from rich.console import Console

from fieldwright.flows import progress
from fieldwright.flows.progress import log_progress, report, show_progress


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def test_a_step_under_way_is_written_again_and_again_though_nothing_is_reported() -> None:
    lines: list[str] = []
    with log_progress(lines.append, every_seconds=0.05):
        report("Training gp", 1, 4, "loss 0.1")
        wait_for(lambda: len(lines) >= 2)
    for line in lines[:2]:
        assert re.fullmatch(r"Training gp: 1 of 4 \(25%\), \d+ s, about \d+ s left; loss 0.1", line)


def test_a_step_that_ends_is_written_once_and_then_no_more() -> None:
    lines: list[str] = []
    with log_progress(lines.append, every_seconds=0.05):
        report("Reading runs", 3, 3)
        report("Reading runs", 3, 3)
        report("Searching", 0, 2)
        wait_for(lambda: sum("Searching" in line for line in lines) >= 2)
    assert [re.sub(r"\d+ s", "0 s", line) for line in lines if "Reading" in line] == [
        "Reading runs: 3 of 3 (100%), 0 s"
    ]


def test_the_first_line_comes_as_soon_as_it_can_tell_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "FIRST_SECONDS", 0.05)
    lines: list[str] = []
    with log_progress(lines.append, every_seconds=1000.0):
        report("Training gp", 0, 100)
        time.sleep(0.06)
        report("Training gp", 0, 100)
        assert lines == []
        report("Training gp", 1, 100)
        report("Training gp", 2, 100)
    (line,) = lines
    assert re.fullmatch(r"Training gp: 1 of 100 \(1%\), \d+ s, about \d+ s left", line)


def test_a_file_gets_lines_and_no_control_codes() -> None:
    output = io.StringIO()
    with show_progress(Console(file=output)):
        report("Reading runs", 1, 2)
        report("Reading runs", 2, 2)
    assert re.fullmatch(r"Reading runs: 2 of 2 \(100%\), 0 s\n", output.getvalue())


def test_what_is_shown_already_is_not_shown_twice() -> None:
    outer: list[str] = []
    inner: list[str] = []
    with log_progress(outer.append), log_progress(inner.append):
        report("Reading runs", 2, 2)
    assert (len(outer), inner) == (1, [])


PLACE: ContextVar[str] = ContextVar("place", default="nowhere")


def test_lines_of_a_step_under_way_are_written_in_the_context_of_the_work() -> None:
    """Prefect keeps in it where a flow's log goes; a thread without it would start a server for its lines."""
    token = PLACE.set("the flow")
    places: list[str] = []
    try:
        with log_progress(lambda line: places.append(PLACE.get()), every_seconds=0.05):
            report("Searching", 1, 2)
            wait_for(lambda: bool(places))
    finally:
        PLACE.reset(token)
    assert set(places) == {"the flow"}
