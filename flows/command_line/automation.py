"""Commands for a study that runs by itself: watch."""

from __future__ import annotations

from datetime import datetime

from fieldwright.flows.command_line.app import StudyPath, app, console


@app.command
def watch(study: StudyPath, /) -> None:
    """Run a study whenever new, complete files appear in its folder, until stopped.

    `[watch]` in the study file says when a run is complete.

    Example: fieldwright watch examples/plate/study.toml
    """
    from fieldwright.flows.watching.watch import watch_forever

    def say(sentence: str) -> None:
        console.print(f"{datetime.now():%Y-%m-%d %H:%M:%S} {sentence}", markup=False, highlight=False)

    watch_forever(study, say)
