"""Commands that run the pipelines of a study and show what came of them: run, status, ui, demo."""

from __future__ import annotations

import sys
from pathlib import Path

from fieldwright.flows.command_line.app import StudyPath, app, console, silence_prefect


@app.command
def run(
    study: StudyPath, /, *, force: bool = False, verbose: bool = False, skip: tuple[str, ...] = ()
) -> None:
    """Run a study once: ingest, reduce, train, compare, register, promote; nothing where nothing is new.

    Example: fieldwright run examples/plate/study.toml

    Parameters
    ----------
    force
        Train and register even where data, study and code are those of an earlier run.
    verbose
        Show Prefect's own log as well.
    skip
        Entries of the folder of the runs to leave as they are, such as one that a solver is writing.
    """
    from fieldwright.data.errors import FieldwrightError
    from fieldwright.flows.notification.pipeline_events import notify_unreadable, sweep_killed
    from fieldwright.flows.study.loading import load_study

    # Mistakes are reported before the libraries, which take seconds, are loaded.
    try:
        loaded = load_study(study).skipping(skip)
        loaded.check()
    except FieldwrightError as error:
        notify_unreadable(study, error)
        raise
    if not verbose:
        silence_prefect()
    from fieldwright.flows.commands.report_tables import print_report
    from fieldwright.flows.nothing_new import standing_report
    from fieldwright.flows.progress import show_progress

    report = None if force else standing_report(loaded)
    if report is None:
        from fieldwright.flows.commands.run_here import run_here

        with show_progress(console):
            report = run_here(study, force, skip)
    else:
        sweep_killed(loaded)
    print_report(console, report)


@app.command
def status(study: StudyPath, /) -> None:
    """Show the runs or photos accepted and rejected with their reasons, the last pipeline run and the champion.

    Example: fieldwright status examples/plate/study.toml
    """
    from fieldwright.flows.commands.status import print_status
    from fieldwright.flows.study.loading import load_study

    print_status(load_study(study), console)


@app.command
def ui(study: StudyPath, /, *, port: int = 5000) -> None:
    """Open the MLflow UI on the study's tracking store, to compare its runs.

    Example: fieldwright ui examples/plate/study.toml --port 5000

    Parameters
    ----------
    port
        Port of the page on this machine.
    """
    from fieldwright.flows.commands.mlflow_ui import show_forever
    from fieldwright.flows.study.loading import load_study

    sys.exit(show_forever(load_study(study), port, console))


@app.command
def demo(*, folder: Path | None = None, port: int = 3000) -> None:
    """Solve 80 runs of a heated plate, train on 64, serve, and ask the endpoint for the other 16.

    Example: fieldwright demo

    Parameters
    ----------
    folder
        Where the runs are written; `demo` under the working folder if left out.
    port
        Port of the endpoint while the demo runs.
    """
    silence_prefect()
    from fieldwright.flows.demo.plate_demo import run_demo

    run_demo(folder, port, console)
