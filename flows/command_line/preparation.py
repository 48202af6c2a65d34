"""Commands that look at runs and prepare a study: inspect, new, suggest, learn, withdraw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from fieldwright.flows.command_line.app import StudyPath, app, console, silence_prefect


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
    cracks: Literal["segmentation", "classification"] | None = None,
    candidates: tuple[str, ...] = (),
) -> None:
    """Write a first study file for the runs or photos in a folder, an equation or drawn cracks, to be run.

    Example: fieldwright new my_sweep/ --study sweep.toml

    Parameters
    ----------
    study
        The file to write; one that exists is kept.
    equation
        In place of a folder: `burgers`, or `module:attribute` with `module.py` beside the study file; or a kind, of
        which a small equation is written beside it to be changed: `ode`, `elliptic`, `parabolic`, `hyperbolic`,
        `system` or `inverse`.
    cracks
        In place of a folder: where or whether photos show cracks, learned from drawn surfaces, with no photo at hand.
    candidates
        Kinds of models to train on runs, such as `bayes`, which takes seconds; the usual ones if left out.
    """
    from fieldwright.data.errors import StudyError
    from fieldwright.flows.study.loading import load_study
    from fieldwright.flows.study_families import EQUATION, family_of_folder

    given = [
        name
        for name, one in (("a folder", path), ("--equation", equation), ("--cracks", cracks))
        if one is not None
    ]
    if len(given) != 1:
        raise StudyError(
            "A first study must be for a folder of runs or photos, for an --equation, or for --cracks",
            " and ".join(given) or "none of them",
            "Give one of them",
        )
    if study.exists():
        raise StudyError(
            "The study file to write must not exist yet", str(study), "Choose another by --study"
        )
    if cracks is not None:
        from fieldwright.flows.photos.first_study import drawn_first_study

        text = drawn_first_study(cracks)
    elif path is not None:
        text = family_of_folder(path).first_study_text(path, study.parent, candidates)
    else:
        text = EQUATION.first_study_text(equation, study.parent, candidates)
    study.write_text(text, encoding="utf-8")
    console.print(
        f"Wrote {study}. Look it through, then: fieldwright run {study}", markup=False, soft_wrap=True
    )
    load_study(study)


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
    silence_prefect()
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
    silence_prefect()
    from fieldwright.flows.commands.learning_curve import study_learning_curves as learned
    from fieldwright.flows.commands.learning_curve import write_curves
    from fieldwright.flows.progress import show_progress

    with show_progress(console):
        label, curves = learned(loaded, candidate, repeats)
    write_curves(loaded, label, curves, output or study.with_name("learning_curve.png"), console)


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
