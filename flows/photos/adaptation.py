"""`fieldwright adapt`: the champion of a study of photos, fitted to photos of the user's, as a new version."""

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
from fieldwright.flows.photos.adaptation_figures import WAYS, AdaptationFigures, adaptation_figures
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
from fieldwright.surrogates.cracks.classification.classifier_adaptation import (
    ClassifierAdaptation,
    adapt_classifier,
)
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmenter_adaptation import (
    SegmenterAdaptation,
    adapt_segmenter,
)
from fieldwright.surrogates.families import load_model

OTHERS = 60
"""Photos of the study that are learned from beside the corrected ones, and make the domain with them."""
STEP = "Adapting"


@dataclass(frozen=True, eq=False)
class StudyAdaptation:
    """What came of it: the version that was adapted, the new one (None where nothing was gained), and the figures."""

    before: ModelVersion
    version: ModelVersion | None
    adaptation: SegmenterAdaptation | ClassifierAdaptation
    photos: int

    @property
    def figures(self) -> AdaptationFigures:
        """What it has gained, with the photos that this was measured on."""
        return adaptation_figures(self.adaptation, self.before.version, self.photos)


def adapt_study(
    study: PhotoStudy,
    corrected: Path,
    number: str | None = None,
    minutes: float = 2.0,
    seed: int = 0,
    steps: int | None = None,
) -> StudyAdaptation:
    """Adapts a version, the champion if None, by a folder of photos with masks or classes, and registers the new one.

    The new version is put forward as the challenger and never promoted. minutes: of processor time for the trainings
    of a model of outlines, or `steps` for each of them, if those are fewer. Raises FieldwrightError.
    """
    collection = read_collection(
        corrected, progress=lambda done, total: report_progress("Reading corrected photos", done, total)
    )
    of_outlines = study.kind == "segmentation"
    if of_outlines and any(photo.mask is None for photo in collection.photos):
        raise StudyError(
            "Corrected photos must have masks",
            f"'{collection.reader}', a collection that has classes alone",
            "Name a folder that the endpoint keeps corrections in, or one with photos/ and masks/",
        )
    tracking = Tracking.of(study)
    before = selected_version(tracking, number, "adapted")
    with tempfile.TemporaryDirectory(prefix="fieldwright-adapt-") as folder:
        model = load_model(tracking.registry.download(before, Path(folder)), best_device())
    mine = Part.of(collection.photos)

    def progress(done: int, total: int, metrics: object = None) -> None:
        report_progress(STEP, done, total)

    if isinstance(model, CrackSegmenter) and of_outlines:
        others = _others(study, seed)
        adaptation = adapt_segmenter(
            model,
            mine.pixels[:],
            mine.outlines[:],
            (others.pixels[:], others.outlines[:]),
            seed=seed,
            cpu_minutes=minutes,
            steps=steps,
            progress=progress,
        )
        adapted = adaptation.segmenter
    elif isinstance(model, CrackClassifier) and not of_outlines:
        adaptation = adapt_classifier(model, mine.pixels[:], mine.cracked, seed=seed, progress=progress)
        adapted = adaptation.classifier
    else:
        raise ModelError(
            "A model to be adapted must be of the study's kind",
            f"{model.description.kind}, and a study of {study.kind}",
            "Name a version that this study has trained",
        )
    result = StudyAdaptation(before, None, adaptation, len(mine.photos))
    if adapted is None:
        return result
    version = _registered(tracking, result, adapted, collection, seed)
    return StudyAdaptation(before, version, adaptation, len(mine.photos))


def print_adaptation(adapted: StudyAdaptation, study: PhotoStudy, console: Console) -> None:
    """Prints the scores of each way on the corrected photos, and what to do next."""
    figures = adapted.figures
    table = Table("version", *figures.columns.values(), title="On your photos", title_justify="left")
    for way, metrics in figures.metrics.items():
        label = f"{adapted.before.version}, {WAYS[way]}"
        style = "bold" if way == adapted.adaptation.way else None
        table.add_row(label, *(f"{metrics[name]:.4f}" for name in figures.columns), style=style)
    console.print(table)
    console.print(f"{figures.sentence[0].upper()}{figures.sentence[1:]}.", markup=False, soft_wrap=True)
    if adapted.version is None:
        console.print("Nothing is registered: give more photos, or photos that differ more.")
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
    adapted: CrackSegmenter | CrackClassifier,
    collection: Collection,
    seed: int,
) -> ModelVersion:
    """The next version, its MLflow run with all figures, and its line in the history."""
    before, figures = result.before, result.figures
    names = [photo.name for photo in collection.photos]
    data = [[photo.name, photo.sha256, photo.mask_sha256] for photo in collection.photos]
    digest = hashlib.sha256(json.dumps([before.version, data]).encode()).hexdigest()
    with tracking.run("adapt") as run, tempfile.TemporaryDirectory() as folder:
        run.log(
            params={"seed": str(seed), "photos": str(len(names)), "folds": str(figures.folds)},
            metrics={"cpu_seconds": result.adaptation.cpu_seconds}
            | {
                f"{way}.{name}": value
                for way, metrics in figures.metrics.items()
                for name, value in metrics.items()
            },
            tags={"role": "adaptation", "adapted": before.version, "way": result.adaptation.way},
        )
        parts = tracking.json(before.run_id, PARTS) or {"train": [], "validation": [], "test": []}
        run.json({PARTS: parts | {"train": [*parts["train"], *names]}, "rejected.json": collection.rejected})
        artifact = Path(folder) / "surrogate"
        adapted.save(artifact)
        carried = {
            key: before.tags[key]
            for key in ("family", "candidate", "samples", "kind", "prevalence")
            if key in before.tags
        }
        tags = {
            "metric": figures.metric,
            "score": repr(figures.score),
            "adapted": before.version,
            DATA: digest,
        }
        version = tracking.registry.register(
            artifact, run.id, {**carried, "n_samples": str(len(names)), **tags}, None
        )
        put_forward(tracking, version)
        why = f"adapted from version {before.version}: {figures.sentence}"
        champion = tracking.registry.champion()
        number = "" if champion is None else champion.version
        event = VersionEvent.now("not promoted", version.version, number, user_at_host(), why, run.id)
        VersionHistory(tracking).record(event)
    return version
