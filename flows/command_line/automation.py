"""Commands for a study that runs by itself: watch, prune."""

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


@app.command
def prune(study: StudyPath, /, *, yes: bool = False) -> None:
    """Show what of a study's past `[retention]` does not keep, with sizes; remove it with --yes.

    Champions of all times, a challenger, the last pipelines, and what an interrupted pipeline goes on from stay.

    Example: fieldwright prune examples/plate/study.toml --yes

    Parameters
    ----------
    yes
        Remove it for good.
    """
    from fieldwright.flows.retention.prune import prune_study
    from fieldwright.flows.study.loading import load_study

    prune_study(load_study(study), yes, console)
