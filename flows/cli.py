"""The console script `fieldwright`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console

from fieldwright.data.errors import FieldwrightError

app = App(
    name="fieldwright",
    help="From a folder of finished simulation runs to a live surrogate with honest error bars.",
    version="0.1.0",
)
console = Console()
StudyPath = Annotated[Path, Parameter(help="The study file (TOML).")]


@app.command
def inspect(path: Path, /) -> None:
    """Show what a file or folder holds: runs, reader, fields, times, mesh, sizes, parameters; or photos of cracks.

    Example: fieldwright inspect my_sweep/
    """
    from fieldwright.flows.study_families import family_of_folder

    family_of_folder(path).print_inspection(path, console)


@app.command
def new(
    path: Path | None = None,
    /,
    *,
    study: Path = Path("study.toml"),
    equation: str | None = None,
    candidates: tuple[str, ...] = (),
) -> None:
    """Write a first study file for the runs or photos in a folder, or for an equation, to be looked through and run.

    Example: fieldwright new my_sweep/ --study sweep.toml

    Parameters
    ----------
    study
        The file to write; one that exists is kept.
    equation
        In place of a folder: `burgers`, or `module:attribute` with `module.py` beside the study file.
    candidates
        Kinds of models to train on runs, such as `bayes`, which takes seconds; the usual ones if left out.
    """
    from fieldwright.data.errors import StudyError
    from fieldwright.flows.study.loading import load_study
    from fieldwright.flows.study_families import EQUATION, family_of_folder

    if (path is None) == (equation is None):
        raise StudyError(
            "A first study must be for a folder of runs or photos, or for an --equation",
            "neither" if path is None else "both",
            "Give one of them",
        )
    if study.exists():
        raise StudyError(
            "The study file to write must not exist yet", str(study), "Choose another by --study"
        )
    family = EQUATION if path is None else family_of_folder(path)
    text = family.first_study_text(equation if path is None else path, study.parent, candidates)
    study.write_text(text, encoding="utf-8")
    console.print(
        f"Wrote {study}. Look it through, then: fieldwright run {study}", markup=False, soft_wrap=True
    )
    load_study(study)


@app.command
def run(study: StudyPath, /, *, force: bool = False, verbose: bool = False) -> None:
    """Run a study once: ingest, reduce, train, compare, register, promote; nothing where nothing is new.

    Example: fieldwright run examples/plate/study.toml

    Parameters
    ----------
    force
        Train and register even where data, study and code are those of an earlier run.
    verbose
        Show Prefect's own log as well.
    """
    from fieldwright.flows.study.loading import load_study

    # Mistakes are reported before the libraries, which take seconds, are loaded.
    load_study(study).check()
    if not verbose:
        _silence_prefect()
    from fieldwright.flows.commands.report_tables import print_report
    from fieldwright.flows.progress import show_progress
    from fieldwright.flows.workflow import run_study

    with show_progress(console):
        report = run_study(str(study.resolve()), force)
    print_report(console, report)


@app.command
def suggest(
    study: StudyPath,
    /,
    *,
    n: Annotated[int, Parameter(name=["-n", "--runs"])] = 8,
    by: Literal["error", "variance"] = "error",
    output: Annotated[Path | None, Parameter(name=["-o", "--output"])] = None,
) -> None:
    """Write the parameter points to simulate next as CSV, with a picture of them.

    Example: fieldwright suggest examples/plate/study.toml -n 8

    Parameters
    ----------
    n
        How many runs.
    by
        `error` lowers the expected error over the whole space most; `variance` the variance alone.
    output
        The CSV to write; `next_runs.csv` beside the study if left out.
    """
    from fieldwright.flows.study.loading import load_study_of_runs

    loaded = load_study_of_runs(study, "suggest")
    _silence_prefect()
    from fieldwright.flows.commands.suggest import suggest_runs as suggested
    from fieldwright.flows.commands.suggest import write_suggestion
    from fieldwright.flows.progress import show_progress

    with show_progress(console):
        suggestion = suggested(loaded, n, by)
    write_suggestion(loaded, suggestion, output or study.with_name("next_runs.csv"), console)


@app.command
def learn(
    study: StudyPath,
    /,
    *,
    candidate: str | None = None,
    repeats: int = 10,
    output: Annotated[Path | None, Parameter(name=["-o", "--output"])] = None,
) -> None:
    """Draw the error against the number of runs, and estimate how many runs a given error takes.

    Example: fieldwright learn examples/plate/study.toml

    Parameters
    ----------
    candidate
        Which candidate or kind to train; the champion's if left out.
    repeats
        Trainings on other runs at each size.
    output
        The figure to write; `learning_curve.png` beside the study if left out.
    """
    from fieldwright.flows.study.loading import load_study_of_runs

    loaded = load_study_of_runs(study, "learn")
    _silence_prefect()
    from fieldwright.flows.commands.learning_curve import study_learning_curves as learned
    from fieldwright.flows.commands.learning_curve import write_curves
    from fieldwright.flows.progress import show_progress

    with show_progress(console):
        label, curves = learned(loaded, candidate, repeats)
    write_curves(loaded, label, curves, output or study.with_name("learning_curve.png"), console)


@app.command
def schedule(study: StudyPath, /, *, cron: str) -> None:
    """Run a study again and again by a cron expression, until stopped.

    Uses the Prefect server of the current Prefect profile, or starts one on this machine.

    Example: fieldwright schedule examples/plate/study.toml --cron "0 2 * * *"

    Parameters
    ----------
    cron
        Five fields: minute, hour, day of month, month, day of week.
    """
    from fieldwright.flows.schedule import keep_running
    from fieldwright.flows.study.loading import load_study

    keep_running(load_study(study), cron, console)


@app.command
def serve(
    study: StudyPath,
    /,
    *others: StudyPath,
    host: str = "127.0.0.1",
    port: int = 3000,
    workers: int = 1,
    allowed_hosts: str = "",
    auth: bool | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> None:
    """Serve the champions of one or more studies over HTTP, following every later promotion.

    Example: fieldwright serve examples/plate/study.toml --port 3000

    Parameters
    ----------
    others
        Further study files, whose champions are served beside it under /models/NAME.
    host
        Address to listen on; 0.0.0.0 lets other machines in.
    port
        Port to listen on.
    workers
        Processes that answer queries.
    allowed_hosts
        Further names by which clients may call the endpoint, with commas between; * for any.
    auth
        Whether requests must have an API key (`fieldwright keys add`); if left out, on any but loopback addresses.
    tls_cert
        Certificate in PEM, to be asked by https.
    tls_key
        The certificate's private key.
    """
    from fieldwright.flows.commands.serve import serve_forever
    from fieldwright.flows.study.loading import load_study

    more = [*(("--allowed-hosts", allowed_hosts) if allowed_hosts else ())]
    more += [] if auth is None else ["--auth" if auth else "--no-auth"]
    for option, path in (("--tls-cert", tls_cert), ("--tls-key", tls_key)):
        more += [] if path is None else [option, str(path)]
    sys.exit(serve_forever([load_study(one) for one in (study, *others)], host, port, workers, more))


@app.command
def export(
    study: StudyPath,
    /,
    *,
    to: Literal["c", "onnx", "fmu", "bento"],
    out: Path | None = None,
    version: str | None = None,
    fmi: Literal[2, 3] = 2,
    quantities: tuple[str, ...] = (),
    fields: bool = False,
) -> None:
    """Take the study's champion elsewhere: as C without dependencies, ONNX, an FMU, or a bento that serves it.

    Example: fieldwright export examples/plate/study.toml --to fmu --fmi 3

    Parameters
    ----------
    out
        The folder to write into; `export` beside the study if left out.
    version
        The number of another version than the champion.
    fmi
        Version of FMI, of an FMU.
    quantities
        Such as "max(von_mises)" or "point(T, 0.1, 0.2)"; largest, least and mean values of all fields if left out.
    fields
        Whether whole fields are outputs too.
    """
    from fieldwright.flows.commands.export import ExportOptions, export_version
    from fieldwright.flows.study.loading import load_study

    loaded = load_study(study)
    options = ExportOptions(to, fmi, quantities, fields)
    export_version(loaded, version, options, out or study.with_name("export"), console)


keys_app = App(name="keys", help="API keys of the endpoint: add, list and revoke them.")
app.command(keys_app)


@keys_app.command
def add(
    name: str,
    /,
    *,
    routes: tuple[str, ...] = (),
    studies: tuple[str, ...] = (),
    per_minute: int = 0,
) -> None:
    """Make an API key and show it, this once.

    Example: fieldwright keys add optimiser --routes /predict --per-minute 600

    Parameters
    ----------
    routes
        What it may ask, such as /predict; all if left out.
    studies
        The studies whose models it may ask; all if left out.
    per_minute
        Requests that it may send in a minute; 0 for any number.
    """
    from fieldwright.flows.commands.keys import add_key

    add_key(name, routes, studies, per_minute, console)


@keys_app.command(name="list")
def list_() -> None:
    """Show the API keys and what each may do.

    Example: fieldwright keys list
    """
    from fieldwright.flows.commands.keys import list_keys

    list_keys(console)


@keys_app.command
def revoke(name: str, /) -> None:
    """Take an API key away.

    Example: fieldwright keys revoke optimiser
    """
    from fieldwright.flows.commands.keys import revoke_key

    revoke_key(name, console)


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
def status(study: StudyPath, /) -> None:
    """Show the runs or photos accepted and rejected with their reasons, the last pipeline run and the champion.

    Example: fieldwright status examples/plate/study.toml
    """
    from fieldwright.flows.commands.status import print_status
    from fieldwright.flows.study.loading import load_study

    print_status(load_study(study), console)


@app.command
def withdraw(study: StudyPath, /, *runs: str, removed: bool = False, why: str = "") -> None:
    """Take runs out of the study's store; reading their files again brings them back.

    Example: fieldwright withdraw examples/plate/study.toml run_07 run_12 --why "wrong material"

    Parameters
    ----------
    runs
        Names of the runs, as `fieldwright run` and `fieldwright status` show them.
    removed
        Withdraw all runs of which there are no files any more.
    why
        Kept in the store beside the date.
    """
    from fieldwright.flows.commands.withdrawal import withdraw_runs as take_out
    from fieldwright.flows.study.loading import load_study_of_runs

    take_out(load_study_of_runs(study, "withdraw"), runs, removed, why, console)


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
    _silence_prefect()
    from fieldwright.flows.demo.plate_demo import run_demo

    run_demo(folder, port, console)


def _silence_prefect() -> None:
    """Keeps Prefect's log off the terminal, where the progress bars are; its own server still gets it."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def main() -> None:
    """Runs the command line; a user's mistake is one sentence on stderr and exit status 2."""
    try:
        app(exit_on_error=False, print_error=False)
    except (FieldwrightError, CycloptsError) as error:
        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except OSError as error:
        # A file of the user's is missing, locked, or on a full disk; the error names it.
        if error.filename is None:
            raise
        Console(stderr=True).print(
            f"error: {_of_a_file(error)}", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _of_a_file(error: OSError) -> str:
    return (
        f"The file or folder must be there, and open to this user. Got '{error.strerror}' for '{error.filename}'. "
        "Correct its path or its permissions."
    )


if __name__ == "__main__":
    main()
