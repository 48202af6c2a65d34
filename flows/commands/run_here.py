"""Runs the pipeline of a study within the process of a command."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fieldwright.flows.commands.quick_imports import quick_imports

if TYPE_CHECKING:
    from fieldwright.flows.report import Report


def run_here(study: Path, force: bool = False, skip: Sequence[str] = ()) -> Report:
    """The report of a pipeline, which is recorded by the Prefect server that is named, else by one of this process.

    study: its file. force: train even where nothing is new. skip: entries of the folder of the runs to leave.
    """
    with quick_imports():
        from fieldwright.flows.own_prefect_server import own_prefect_server
        from fieldwright.flows.workflow import run_study
    with own_prefect_server():
        return run_study(str(study.resolve()), force, skip=list(skip))
