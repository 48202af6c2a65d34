"""Runs taken out of a study's store by hand."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from fieldwright.data.errors import StudyError
from fieldwright.data.store.snapshot_store import SnapshotStore
from fieldwright.flows.study.runs_study import Study


def withdraw_runs(study: Study, runs: Sequence[str], removed: bool, why: str, console: Console) -> None:
    """Takes the named runs out of the store, and with `removed` all of which there are no files any more.

    Raises StudyError where neither is given or there is no store, StoreError where a run is not accepted.
    """
    if not study.store_path.exists():
        raise StudyError(
            "A run to be withdrawn must have been read",
            f"no store of '{study.name}' yet",
            "Run the study first",
        )
    if not runs and not removed:
        raise StudyError(
            "The runs to be withdrawn must be named",
            "none",
            "Name them, or give --removed for those without files",
        )
    study.check()
    store = SnapshotStore(study.store_path)
    folder = study.beside(study.runs.folder)
    on_disk = {source.name for source in study.runs_on_disk()} if _any_runs(study) else set()
    missing = [record.name for record in store.accepted() if record.name not in on_disk] if removed else []
    names = [*runs, *(name for name in missing if name not in runs)]
    store.withdraw(names, why)
    for name in names:
        console.print(f"Withdrew {name} from '{study.name}'", markup=False, highlight=False)
    if not names:
        console.print(f"All runs of '{study.name}' have files: none withdrawn", markup=False)
    again = [name for name in names if name in on_disk]
    if again:
        console.print(
            f"Note: {', '.join(again)} still in '{folder}': the next `fieldwright run` reads what is there again. "
            "Move it away, or narrow 'pattern' in the study file",
            markup=False,
            soft_wrap=True,
        )


def _any_runs(study: Study) -> bool:
    folder = study.beside(study.runs.folder)
    return folder.is_dir() and any(folder.glob(study.runs.pattern))
