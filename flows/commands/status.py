"""The state of a study: its store, its last pipeline run, its champion."""

from __future__ import annotations

from rich.console import Console

from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study_families import study_family
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.pipelines import last_pipeline


def print_status(study: StudyFile, console: Console) -> None:
    """Prints the state as tables, or that the study has not run yet."""
    if not study_family(study.subject).print_state(study, console):
        return
    tracking = Tracking(study.tracking.uri, study.name)
    last = last_pipeline(tracking)
    if last is None:
        console.print("The pipeline has not run yet.")
        return
    console.print(f"Last pipeline run: {last['status']}. {last.get('outcome', '')}", markup=False)
    champion = tracking.registry.champion()
    if champion is None:
        console.print("There is no champion yet.")
        return
    tags = champion.tags
    samples = f", {tags['n_samples']} {tags['samples']}" if tags.get("n_samples", "0") != "0" else ""
    console.print(
        f"Champion: version {champion.version} ({tags.get('candidate')}), "
        f"{tags.get('metric')} {float(tags.get('score', 'nan')):.3e}{samples}"
    )
