"""The state of a study: its store, its last pipeline run, its champion."""

from __future__ import annotations

from rich.console import Console

from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study_families import study_family
from fieldwright.flows.tracking.sqlite_reading import MEGABYTES, StudyState, study_state


def print_status(study: StudyFile, console: Console) -> None:
    """Prints the state as tables, or that the study has not run yet."""
    if not study_family(study.subject).print_state(study, console):
        return
    state = study_state(study.tracking.uri, study.name) or _state_by_mlflow(study)
    if state.last is None:
        console.print("The pipeline has not run yet.")
        return
    console.print(f"Last pipeline run: {state.last['status']}. {state.last.get('outcome', '')}", markup=False)
    if MEGABYTES in state.last:
        console.print(f"It takes {state.last[MEGABYTES]} MB in MLflow", highlight=False)
    if state.champion is None:
        console.print("There is no champion yet.")
        return
    tags = state.tags
    samples = f", {tags['n_samples']} {tags['samples']}" if tags.get("n_samples", "0") != "0" else ""
    console.print(
        f"Champion: version {state.champion} ({tags.get('candidate')}), "
        f"{tags.get('metric')} {float(tags.get('score', 'nan')):.3e}{samples}"
    )


def _state_by_mlflow(study: StudyFile) -> StudyState:
    # Imported where there is no other way: it takes seconds.
    from fieldwright.flows.tracking.mlflow_runs import Tracking
    from fieldwright.flows.tracking.pipelines import last_pipeline

    tracking = Tracking.of(study)
    champion = tracking.registry.champion()
    last = last_pipeline(tracking)
    return StudyState(last, champion and champion.version, {} if champion is None else champion.tags)
