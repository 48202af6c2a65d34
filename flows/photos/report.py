"""The report of a pipeline run of a study of photos, and its tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Console
from rich.table import Table

from fieldwright.flows.report import Report

SHOWN: Mapping[str, tuple[str, ...]] = {
    "classification": ("accuracy", "recall", "precision", "f1", "roc_auc", "ece", "cost"),
    "segmentation": ("f1", "f1_2px", "f1_5px", "iou", "ods", "ois", "ece"),
}
"""The metrics that the terminal shows; MLflow has all of them."""
MOST_ROWS = 20


@dataclass(frozen=True)
class PhotosEvaluation:
    """One candidate on the validation photos: its score by the study's metric, all metrics, seconds of training."""

    candidate: str
    score: float
    metrics: Mapping[str, float]
    fit_seconds: float


@dataclass(frozen=True)
class SuspectedMask:
    """A photo whose mask is worth a look.

    part: "train", "validation" or "test". score, sentence: see `LabelFault`. left_out: of training and validation.
    weight: how often candidates learn from it, others being 1.
    """

    name: str
    part: str
    score: float
    sentence: str
    left_out: bool = False
    weight: float = 1.0

    @property
    def place(self) -> str:
        """Its part, and what has become of it there."""
        if self.left_out:
            return f"{self.part}, left out"
        return self.part if self.weight == 1.0 else f"{self.part}, weight {self.weight:g}"


@dataclass(frozen=True, kw_only=True)
class PhotoReport(Report):
    """Of photos.

    kind: "classification" or "segmentation". parts: photos in each part. test: metrics of the best candidate on the
    test photos, which nothing was learned or chosen by. suspected_masks: the worst first, where the study has them
    looked through.
    """

    subject: ClassVar[str] = "photos"

    kind: str
    parts: Mapping[str, int]
    near_duplicates: int
    evaluations: tuple[PhotosEvaluation, ...]
    test: Mapping[str, float]
    suspected_masks: tuple[SuspectedMask, ...] = ()


def print_photos(console: Console, report: PhotoReport) -> Sequence[str]:
    """Prints what came in, what was rejected and why, and how the candidates did; the notes for the end."""
    ingested = report.ingested
    console.print(
        f"\n[bold]{report.study}[/]: {len(ingested.accepted)} photos, {len(ingested.rejected)} rejected, "
        f"{ingested.unchanged} of all unchanged since the last time, {report.near_duplicates} near-duplicate pairs"
    )
    if ingested.rejected:
        console.print(rejected_photos_table(ingested.rejected))
    console.print(", ".join(f"{count} {part}" for part, count in report.parts.items()))
    if report.suspected_masks:
        console.print(suspected_masks_table(report.suspected_masks))
    console.print(candidates_table(report))
    return (*ingested.notes, *report.notes)


def candidates_table(report: PhotoReport) -> Table:
    """A row for each metric; a column for each candidate, and one for the best on the test photos."""
    table = Table(title=f"Candidates on the validation photos, best by {report.metric}", title_justify="left")
    table.add_column("")
    for one in report.evaluations:
        table.add_column(
            one.candidate, justify="right", style="bold" if one.candidate == report.best else None
        )
    table.add_column(f"{report.best}, test photos", justify="right")
    for name in dict.fromkeys((report.metric, *SHOWN[report.kind])):
        values = [one.metrics[name] for one in report.evaluations]
        table.add_row(name, *(f"{value:.4f}" for value in (*values, report.test[name])))
    table.add_row("fit, s", *(f"{one.fit_seconds:.0f}" for one in report.evaluations), "")
    return table


def rejected_photos_table(rejected: Sequence[tuple[str, str, str]]) -> Table:
    """Photos rejected: name, reason, sentence; the first of very many."""
    more = f", the first {MOST_ROWS}; all in rejected.json" if len(rejected) > MOST_ROWS else ""
    table = Table(title=f"Rejected: {len(rejected)}{more}", title_justify="left")
    for column in ("photo", "reason", "what to do"):
        table.add_column(column, overflow="fold")
    for row in rejected[:MOST_ROWS]:
        table.add_row(*row)
    return table


def suspected_masks_table(masks: Sequence[SuspectedMask]) -> Table:
    """Masks that are worth a look; the first of very many."""
    more = f", the first {MOST_ROWS}; all in suspected_masks.json" if len(masks) > MOST_ROWS else ""
    table = Table(title=f"Masks to be looked at: {len(masks)}{more}", title_justify="left")
    for column in ("photo", "part", "score", "what differs"):
        table.add_column(column, overflow="fold")
    for one in masks[:MOST_ROWS]:
        table.add_row(one.name, one.place, f"{one.score:.2f}", one.sentence)
    return table
