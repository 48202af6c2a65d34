"""The state of a study: its store, its last pipeline run, its champion."""

from __future__ import annotations

from rich.console import Console

from fieldwright.data.photos.photo_catalogue import PhotoCatalogue
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.commands.report_tables import rejected_table
from fieldwright.flows.photos.report import set_aside_table
from fieldwright.flows.runs.inputs import check_store
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking

LEARNED_FROM = {"n_runs": "runs", "n_photos": "photos"}
"""Tags of a version that say how much it has learned from, and of what."""


def print_status(study: StudyFile, console: Console) -> None:
    """Prints it as tables; an untouched study is told as such."""
    if isinstance(study, Study) and not print_store(study, console):
        return
    if isinstance(study, PhotoStudy) and not print_photos(study, console):
        return
    tracking = Tracking(study.tracking.uri, study.name)
    last = tracking.last_run()
    if last is None:
        console.print("The pipeline has not run yet.")
        return
    console.print(f"Last pipeline run: {last['status']}. {last.get('outcome', '')}", markup=False)
    champion = tracking.champion()
    if champion is None:
        console.print("There is no champion yet.")
        return
    tags = champion.tags
    learned = [f", {tags[key]} {what}" for key, what in LEARNED_FROM.items() if key in tags]
    console.print(
        f"Champion: version {champion.version} ({tags.get('candidate')}), "
        f"{tags.get('metric')} {float(tags.get('score', 'nan')):.3e}{''.join(learned)}"
    )


def print_store(study: Study, console: Console) -> bool:
    """Prints what became of the runs, and tells whether there are any."""
    if not study.store_path.exists():
        console.print(f"'{study.name}' has no runs in its store yet: fieldwright run {study.path.name}")
        return False
    store = SnapshotStore(study.store_path)
    check_store(study)
    accepted, rejected, withdrawn = store.accepted(), store.rejected(), store.withdrawn()
    console.print(f"[bold]{study.name}[/]: {len(accepted)} runs accepted, {len(rejected)} set aside")
    console.print(f"store: {study.store_path}", markup=False, soft_wrap=True)
    if rejected:
        console.print(
            rejected_table(
                tuple((record.name, record.reason or "", record.sentence or "") for record in rejected)
            )
        )
    for record in withdrawn:
        console.print(f"{record.name}: {record.sentence}", markup=False)
    return True


def print_photos(study: PhotoStudy, console: Console) -> bool:
    """Prints what became of the photos, and tells whether any have been read."""
    if not study.catalogue_path.exists():
        console.print(f"'{study.name}' has read no photos yet: fieldwright run {study.path.name}")
        return False
    catalogue = PhotoCatalogue(study.catalogue_path)
    aside = catalogue.aside()
    console.print(
        f"[bold]{study.name}[/]: {catalogue.count() - len(aside)} photos usable, {len(aside)} set aside"
    )
    console.print(f"catalogue: {study.catalogue_path}", markup=False, soft_wrap=True)
    if aside:
        console.print(set_aside_table(aside))
    return True
