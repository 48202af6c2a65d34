"""`fieldwright adapt`: the champion of a study of outlines, trained on with corrected photos, as a new version."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from fieldwright.data.errors import ModelError, StudyError
from fieldwright.data.photos.collection import Collection, read_collection
from fieldwright.flows.commands.selected_version import selected_version
from fieldwright.flows.photos.best_device import best_device
from fieldwright.flows.photos.champion_comparison import PARTS
from fieldwright.flows.photos.parts import Part, parts_of, read_photos
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.user import user_at_host
from fieldwright.flows.tracking.versions.challenger import DATA, put_forward
from fieldwright.flows.tracking.versions.version_history import VersionEvent, VersionHistory
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmenter_adaptation import (
    FOLDS,
    SegmenterAdaptation,
    adapt_segmenter,
)
from fieldwright.surrogates.families import load_model

OTHERS = 60
"""Photos of the study that are learned from beside the corrected ones, and make the domain with them."""
WAYS = {"before": "as it was", "threshold": "threshold learned anew", "weights": "trained on"}
STEP = "Adapting"


@dataclass(frozen=True, eq=False)
class StudyAdaptation:
    """What came of it: the version that was adapted, the new one (None where nothing was gained), and the figures."""

    before: ModelVersion
    version: ModelVersion | None
    adaptation: SegmenterAdaptation
    photos: int

    @property
    def sentence(self) -> str:
        """Of the gain, with the photos that it was measured on."""
        adaptation, photos = self.adaptation, self.photos
        old, new = (adaptation.scores[way] for way in ("before", adaptation.way))
        if adaptation.segmenter is None:
            return (
                f"neither a new threshold nor further training outlines the {photos} corrected photos better than "
                f"version {self.before.version}, whose F1 within 2 px there is {old.f1_2px:.3f}"
            )
        better = int(np.sum(new.of_photos > old.of_photos))
        return (
            f"F1 within 2 px {old.f1_2px:.3f} before and {new.f1_2px:.3f} after ({WAYS[adaptation.way]}), exact "
            f"{old.f1:.3f} and {new.f1:.3f}; better on {better} of {photos} corrected photos, each answered by a "
            f"model that had no part in it ({FOLDS} folds)"
        )


def adapt_study(
    study: PhotoStudy,
    corrected: Path,
    number: str | None = None,
    minutes: float = 2.0,
    seed: int = 0,
    steps: int | None = None,
) -> StudyAdaptation:
    """Adapts a version, the champion if None, by a folder of photos with masks, and registers what it becomes.

    The new version is put forward as the challenger and never promoted. minutes: of processor time for the trainings,
    or `steps` for each of them, if those are fewer. Raises FieldwrightError.
    """
    if study.kind != "segmentation":
        raise StudyError(
            "A study to be adapted must outline cracks", f"one of {study.kind}", "Name one of segmentation"
        )
    collection = read_collection(
        corrected, progress=lambda done, total: report_progress("Reading corrected photos", done, total)
    )
    if any(photo.mask is None for photo in collection.photos):
        raise StudyError(
            "Corrected photos must have masks",
            f"'{collection.reader}', a collection that has classes alone",
            "Name a folder that the endpoint keeps corrections in, or one with photos/ and masks/",
        )
    tracking = Tracking.of(study)
    before = selected_version(tracking, number, "adapted")
    with tempfile.TemporaryDirectory(prefix="fieldwright-adapt-") as folder:
        segmenter = load_model(tracking.registry.download(before, Path(folder)), best_device())
    if not isinstance(segmenter, CrackSegmenter):
        raise ModelError(
            "A model to be adapted must outline cracks", segmenter.description.kind, "Name one that does"
        )
    mine, others = Part.of(collection.photos), _others(study, seed)

    def progress(done: int, total: int, metrics: object = None) -> None:
        report_progress(STEP, done, total)

    adaptation = adapt_segmenter(
        segmenter,
        mine.pixels[:],
        mine.outlines[:],
        (others.pixels[:], others.outlines[:]),
        seed=seed,
        cpu_minutes=minutes,
        steps=steps,
        progress=progress,
    )
    result = StudyAdaptation(before, None, adaptation, len(mine.photos))
    if adaptation.segmenter is None:
        return result
    version = _registered(tracking, result, adaptation.segmenter, collection, seed)
    return StudyAdaptation(before, version, adaptation, len(mine.photos))


def print_adaptation(adapted: StudyAdaptation, study: PhotoStudy, console: Console) -> None:
    """Prints the scores of each way on the corrected photos, and what to do next."""
    table = Table("version", "F1", "F1 within 2 px", title="On the corrected photos", title_justify="left")
    for way, words in WAYS.items():
        score = adapted.adaptation.scores[way]
        label = f"{adapted.before.version}, {words}"
        style = "bold" if way == adapted.adaptation.way else None
        table.add_row(label, f"{score.f1:.4f}", f"{score.f1_2px:.4f}", style=style)
    console.print(table)
    console.print(f"{adapted.sentence[0].upper()}{adapted.sentence[1:]}.", markup=False, soft_wrap=True)
    if adapted.version is None:
        console.print("Nothing is registered: correct more photos, or photos that differ more.")
        return
    console.print(
        f"Version {adapted.version.version} is registered and is the challenger; the champion stays. "
        f'Promote it by: fieldwright promote {study.path.name} {adapted.version.version} --why "..."',
        markup=False,
        soft_wrap=True,
    )


def _others(study: PhotoStudy, seed: int) -> Part:
    photos = parts_of(study, read_photos(study)).train.photos
    if len(photos) > OTHERS:
        rows = np.random.default_rng(seed).choice(len(photos), OTHERS, replace=False)
        photos = tuple(photos[row] for row in sorted(rows.tolist()))
    return Part.of(photos)


def _registered(
    tracking: Tracking,
    result: StudyAdaptation,
    segmenter: CrackSegmenter,
    collection: Collection,
    seed: int,
) -> ModelVersion:
    """The next version, its MLflow run with all figures, and its line in the history."""
    before, adaptation = result.before, result.adaptation
    names = [photo.name for photo in collection.photos]
    data = [[photo.name, photo.sha256, photo.mask_sha256] for photo in collection.photos]
    digest = hashlib.sha256(json.dumps([before.version, data]).encode()).hexdigest()
    score = 1.0 - adaptation.scores[adaptation.way].f1_2px
    with tracking.run("adapt") as run, tempfile.TemporaryDirectory() as folder:
        run.log(
            params={"seed": str(seed), "photos": str(len(names)), "folds": str(FOLDS)},
            metrics={"cpu_seconds": adaptation.cpu_seconds}
            | {f"{way}.f1": one.f1 for way, one in adaptation.scores.items()}
            | {f"{way}.f1_2px": one.f1_2px for way, one in adaptation.scores.items()},
            tags={"role": "adaptation", "adapted": before.version, "way": adaptation.way},
        )
        parts = tracking.json(before.run_id, PARTS) or {"train": [], "validation": [], "test": []}
        run.json({PARTS: parts | {"train": [*parts["train"], *names]}, "rejected.json": collection.rejected})
        artifact = Path(folder) / "surrogate"
        segmenter.save(artifact)
        carried = {key: before.tags[key] for key in ("family", "candidate", "samples") if key in before.tags}
        tags = {"metric": "f1_error", "score": repr(score), "adapted": before.version, DATA: digest}
        version = tracking.registry.register(
            artifact, run.id, {**carried, "n_samples": str(len(names)), **tags}, None
        )
        put_forward(tracking, version)
        why = f"adapted from version {before.version}: {result.sentence}"
        champion = tracking.registry.champion()
        number = "" if champion is None else champion.version
        event = VersionEvent.now("not promoted", version.version, number, user_at_host(), why, run.id)
        VersionHistory(tracking).record(event)
    return version
