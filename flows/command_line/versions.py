"""Commands on the registered versions of a study: promote, rollback, history, adapt, drift."""

from __future__ import annotations

import sys
from pathlib import Path

from fieldwright.flows.command_line.app import StudyPath, app, console, silence_prefect


@app.command
def promote(study: StudyPath, version: str | None = None, /, *, why: str) -> None:
    """Make a registered version the champion by hand; endpoints follow within seconds.

    Its files are fetched and loaded first: what cannot be served is refused.

    Example: fieldwright promote examples/plate/study.toml 3 --why "validated against the test rig"

    Parameters
    ----------
    version
        Its number; the challenger if left out.
    why
        Kept in the registry beside who and when.
    """
    from fieldwright.flows.commands.version_changes import promote_version
    from fieldwright.flows.study.loading import load_study

    event = promote_version(load_study(study), version, why)
    console.print(
        f"Version {event.version} is the champion{_after(event.before)}; `fieldwright rollback` goes back.",
        markup=False,
    )


@app.command
def rollback(study: StudyPath, /, *, why: str) -> None:
    """Make the champion before the present one the champion again; twice goes two back.

    No pipeline promotes the same model again: that takes `fieldwright promote`.

    Example: fieldwright rollback examples/plate/study.toml --why "wrong at thin plates"

    Parameters
    ----------
    why
        Kept in the registry beside who and when.
    """
    from fieldwright.flows.commands.version_changes import roll_back
    from fieldwright.flows.study.loading import load_study

    event = roll_back(load_study(study), why)
    console.print(f"Version {event.version} is the champion again{_after(event.before)}.", markup=False)


@app.command
def history(study: StudyPath, /) -> None:
    """Show what became of each version: when, what, by whom and why.

    Example: fieldwright history examples/plate/study.toml
    """
    from fieldwright.flows.commands.version_changes import print_history
    from fieldwright.flows.study.loading import load_study

    print_history(load_study(study), console)


@app.command
def adapt(
    study: StudyPath,
    corrected: Path,
    /,
    *,
    version: str | None = None,
    minutes: float = 2.0,
    seed: int = 0,
) -> None:
    """Fit a champion to photos of yours, and say what that gains: about ten with masks, or dozens with classes.

    A model of outlines is trained on; a classifier learns its last layers anew. The gain is measured on these photos,
    each answered by a model that has not learned from it. What is better becomes a new version, the challenger; the
    champion stays.

    Example: fieldwright adapt roads.toml corrections/

    Parameters
    ----------
    corrected
        Folder of the photos with their masks, as `fieldwright serve --corrections` keeps them, or with their classes.
    version
        The number of another version than the champion.
    minutes
        Of processor time for the training of a model of outlines.
    seed
        Of folds and crops.
    """
    from fieldwright.flows.study.loading import load_study_of_photos

    loaded = load_study_of_photos(study, "adapt")
    silence_prefect()
    from fieldwright.flows.photos.adaptation import adapt_study, print_adaptation
    from fieldwright.flows.progress import show_progress

    with show_progress(console):
        adapted = adapt_study(loaded, corrected, version, minutes, seed)
    print_adaptation(adapted, loaded, console)


@app.command
def drift(study: StudyPath, /) -> None:
    """Check whether the champion still fits what it is asked and what came later; exit status 1 with drift.

    The log of predictions of this machine is looked at (`fieldwright serve --log-predictions 0.1`), and runs that
    came after the champion are read.

    Example: fieldwright drift examples/plate/study.toml
    """
    from fieldwright.flows.study.loading import load_study

    loaded = load_study(study)
    silence_prefect()
    from fieldwright.flows.commands.drift_tables import print_drift
    from fieldwright.flows.drift.drift_check import check_drift, study_of_runs_by_parameters
    from fieldwright.flows.drift.scheduled import retrained
    from fieldwright.flows.progress import show_progress

    with show_progress(console):
        report = check_drift(study_of_runs_by_parameters(loaded), retrain=retrained)
    print_drift(report, console)
    if report.drift:
        sys.exit(1)


def _after(before: str) -> str:
    return f", in the place of version {before}" if before else ""
