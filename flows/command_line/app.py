"""The app that every command registers with, and what commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

app = App(
    name="fieldwright",
    help="From a folder of finished simulation runs to a live surrogate with honest error bars.",
    version="0.1.0",
)
console = Console()
StudyPath = Annotated[Path, Parameter(help="The study file (TOML).")]


def silence_prefect() -> None:
    """Keeps Prefect's log off the terminal, where the progress bars are; its own server still gets it."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
