"""`fieldwright prune`: shows what would go, with sizes, and removes it on request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mlflow.exceptions import MlflowException
from rich.console import Console
from rich.table import Table

from fieldwright.data.errors import ModelError
from fieldwright.flows.resumption.resumption import PIPELINE
from fieldwright.flows.resumption.step_results import StepResults
from fieldwright.flows.retention.local_leftovers import leftovers
from fieldwright.flows.study.file import StudyFile
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.past_runs.artifact_sizes import MB, artifact_bytes
from fieldwright.flows.tracking.past_runs.continued_runs import can_be_continued
from fieldwright.flows.tracking.past_runs.retained_runs import (
    MlflowRemoval,
    StudyInMlflow,
    removable,
    run_bytes,
)
from fieldwright.flows.tracking.process_store import store_of_the_process
from fieldwright.flows.tracking.study_lock import study_lock


@dataclass
class Pruning:
    """What is to go, by kind: how many, their size, and how each is removed; in the order of removal."""

    rows: list[tuple[str, int, Callable[[], None]]] = field(default_factory=list)

    def add(self, kind: str, size: int, remove: Callable[[], None]) -> None:
        """Adds one thing."""
        self.rows.append((kind, size, remove))

    @property
    def bytes(self) -> int:
        """The size of all."""
        return sum(size for _, size, _ in self.rows)

    def totals(self) -> dict[str, tuple[int, int]]:
        """By kind: how many, and their size."""
        totals: dict[str, tuple[int, int]] = {}
        for kind, size, _ in self.rows:
            number, total = totals.get(kind, (0, 0))
            totals[kind] = number + 1, total + size
        return totals


def prune_study(study: StudyFile, really: bool, console: Console) -> None:
    """Shows what no rule of `[retention]` keeps, and removes it if `really`, while no pipeline of the study runs.

    Raises ModelError where the tracking store does not let something go.
    """
    tracking = Tracking(study.tracking.uri, study.name)
    removal = MlflowRemoval(tracking)
    if not really:
        pruning = what_can_go(study, tracking, removal)
        _show(study, pruning, console)
        if pruning.rows:
            console.print(f"Nothing is removed yet: `fieldwright prune {study.path.name} --yes` does it")
        return
    with study_lock(study.name, lambda sentence: console.print(sentence, markup=False)):
        pruning = what_can_go(study, tracking, removal)
        _show(study, pruning, console)
        with _refusals(), store_of_the_process(tracking.uri):
            for _, _, remove in pruning.rows:
                remove()
    if pruning.rows:
        console.print(f"Removed: {pruning.bytes / MB:.1f} MB")
    if pruning.rows and not removal.for_good:
        console.print(
            "The server keeps the rows of runs and logged models marked as deleted; `mlflow gc` on its machine "
            "removes them"
        )


def what_can_go(study: StudyFile, tracking: Tracking, removal: MlflowRemoval) -> Pruning:
    """What no rule keeps. What takes no room to remove comes first: the disk may be full."""
    interrupted = StepResults(study.name).find(PIPELINE)
    resumable = interrupted is not None and can_be_continued(tracking, interrupted.note["run"])
    pruning = Pruning()
    for one in leftovers(study, resumable):
        pruning.add(one.kind, one.bytes, one.remove)
    resumable_runs = [interrupted.note["run"]] if interrupted is not None and resumable else []
    state = StudyInMlflow.of(tracking)
    doomed = removable(tracking, state, study.retention.pipelines, resumable_runs)
    for run in state.half_removed:
        pruning.add("runs left by an interrupted removal", run_bytes([run]), _call(removal.run, run))
    for version in doomed.versions:
        pruning.add("versions", 0, _call(removal.version, version))
    for model in doomed.models:
        size = artifact_bytes(model.artifact_location)
        pruning.add("models of versions", size, _call(removal.model, model))
    for pipeline in doomed.pipelines:
        for run in state.below[pipeline.info.run_id]:
            pruning.add("candidates", run_bytes([run]), _call(removal.run, run))
        pruning.add("pipelines", run_bytes([pipeline]), _call(removal.run, pipeline))
    return pruning


def _call(do: Callable[..., None], one: object) -> Callable[[], None]:
    return lambda: do(one)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (MlflowException, OSError) as error:
        lines = str(error).strip().splitlines()
        raise ModelError(
            "The tracking store and the disk must let old pipelines go",
            lines[0] if lines else type(error).__name__,
            "Nothing that is needed was touched; mend it and run `fieldwright prune` again, which goes on from there",
        ) from error


def _show(study: StudyFile, pruning: Pruning, console: Console) -> None:
    if not pruning.rows:
        console.print(f"'{study.name}' has nothing that [retention] does not keep", markup=False)
        return
    table = Table(
        title=f"{study.name}: what [retention] does not keep".replace("[", "\\["), title_justify="left"
    )
    table.add_column("")
    for column in ("number", "MB"):
        table.add_column(column, justify="right")
    for kind, (number, size) in pruning.totals().items():
        table.add_row(kind, str(number), f"{size / MB:.2f}")
    table.add_row("together", str(len(pruning.rows)), f"{pruning.bytes / MB:.2f}")
    console.print(table)
