"""The state of a study's runs: accepted, rejected and withdrawn."""

from __future__ import annotations

from rich.console import Console

from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.runs.printed_report import rejected_runs_table
from fieldwright.flows.study.runs_study import Study


def print_store(study: Study, console: Console) -> bool:
    """Prints the accepted, rejected and withdrawn runs; returns whether there is a store."""
    if not study.store_path.exists():
        console.print(f"'{study.name}' has no runs in its store yet: fieldwright run {study.path.name}")
        return False
    store = SnapshotStore(study.store_path)
    study.check()
    accepted, rejected, withdrawn = store.accepted(), store.rejected(), store.withdrawn()
    console.print(f"[bold]{study.name}[/]: {len(accepted)} runs accepted, {len(rejected)} rejected")
    console.print(f"store: {study.store_path}", markup=False, soft_wrap=True)
    if rejected:
        console.print(
            rejected_runs_table(
                tuple((record.name, record.reason or "", record.sentence or "") for record in rejected)
            )
        )
    for record in withdrawn:
        console.print(f"{record.name}: {record.sentence}", markup=False)
    return True
