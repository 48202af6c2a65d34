"""The state of a study: its store, its last pipeline run, its champion."""

from __future__ import annotations

from rich.console import Console

from data.store import SnapshotStore
from flows.report_tables import rejected_table
from flows.study import Study
from flows.study_file import StudyFile
from flows.tracking import Tracking


def print_status(study: StudyFile, console: Console) -> None:
    """Prints it as tables; an untouched study is told as such."""
    if isinstance(study, Study) and not print_store(study, console):
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
    runs = f", {tags['n_runs']} runs" if "n_runs" in tags else ""
    console.print(
        f"Champion: version {champion.version} ({tags.get('candidate')}), "
        f"{tags.get('metric')} {float(tags.get('score', 'nan')):.3e}{runs}"
    )


def print_store(study: Study, console: Console) -> bool:
    """Prints what became of the runs, and tells whether there are any."""
    if not study.store_path.exists():
        console.print(f"'{study.name}' has no runs in its store yet: fieldwright run {study.path.name}")
        return False
    store = SnapshotStore(study.store_path)
    accepted, rejected = store.accepted(), store.rejected()
    console.print(f"[bold]{study.name}[/]: {len(accepted)} runs accepted, {len(rejected)} set aside")
    console.print(f"store: {study.store_path}", markup=False, soft_wrap=True)
    if rejected:
        console.print(
            rejected_table(
                tuple((record.name, record.reason or "", record.sentence or "") for record in rejected)
            )
        )
    return True
