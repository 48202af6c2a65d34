"""The masks of a study's photos, ranked by how much they disagree with networks that have not learned from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from fieldwright.data.environment import home
from fieldwright.data.photos.labelled_photo import LabelledPhoto
from fieldwright.data.progress import NO_METRICS
from fieldwright.data.whole_file import write_whole_file
from fieldwright.flows.photos.best_device import best_device
from fieldwright.flows.photos.generated_photos import GENERATED
from fieldwright.flows.photos.parts import Part, Parts
from fieldwright.flows.photos.report import SuspectedMask
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.study.photo_sections import Labels
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.surrogates.cracks.segmentation.label_faults import (
    LEAST_SCORE,
    held_out_probabilities,
    label_fault,
    suspected,
)
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import THRESHOLDS, Tallies
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

STEP = "Looking through the masks"


def check_labels(study: PhotoStudy, parts: Parts) -> tuple[Parts, tuple[SuspectedMask, ...]]:
    """The parts, without suspected photos or with weights as the study asks, and all worth a look, the worst first.

    Drawn photos are learned from and not looked through. What was found by the same settings on the same photos is
    taken from the file that it was kept in.
    """
    labels = study.labels
    assert labels is not None
    looked_at = [
        (name, photo)
        for name, part in vars(parts).items()
        for photo in part.photos
        if not photo.name.startswith(GENERATED)
    ]
    drawn = [photo for photo in parts.train.photos if photo.name.startswith(GENERATED)]
    config = _config(study, labels)
    rows = _rows(study, config, labels, [photo for _, photo in looked_at], drawn)
    flagged = suspected(np.array([score for score, _ in rows]))
    takes_out, weighs_down = labels.suspected == "leave_out", labels.suspected == "down_weight"
    ranked = sorted(
        (
            SuspectedMask(
                photo.name,
                part,
                score,
                sentence,
                yes and takes_out and part != "test",
                labels.weight if yes and weighs_down and part == "train" else 1.0,
            )
            for (part, photo), (score, sentence), yes in zip(looked_at, rows, flagged.tolist(), strict=True)
            if score >= LEAST_SCORE
        ),
        key=lambda one: -one.score,
    )
    weights = {one.name: one.weight for one in ranked if one.weight < 1.0}
    if weights:
        rows_weights = np.array([weights.get(photo.name, 1.0) for photo in parts.train.photos])
        return replace(parts, train=replace(parts.train, weights=rows_weights)), tuple(ranked)
    names = {one.name for one in ranked if one.left_out}
    if not names:
        return parts, tuple(ranked)
    return replace(
        parts, train=_without(parts.train, names), validation=_without(parts.validation, names)
    ), tuple(ranked)


def _config(study: PhotoStudy, labels: Labels) -> CrackUNetConfig:
    """The first candidate, trained as long as the check may take."""
    limits = {"cpu_minutes": labels.minutes, "steps": labels.steps or 10**6}
    return cast(CrackUNetConfig, study.configs[0]).model_copy(update=limits)


def _rows(
    study: PhotoStudy,
    config: CrackUNetConfig,
    labels: Labels,
    photos: Sequence[LabelledPhoto],
    drawn: Sequence[LabelledPhoto],
) -> list[tuple[float, str]]:
    """Score and sentence of each photo."""
    content = [
        [(one.name, one.sha256, one.mask_sha256, one.group) for one in (*photos, *drawn)],
        [config.model_dump(mode="json"), labels.folds, study.seed],
    ]
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
    place = home() / "stores" / study.name / f"labels-{digest}.json"
    if place.is_file():
        return [(score, sentence) for score, sentence in json.loads(place.read_text(encoding="utf-8"))]

    def progress(step: int, total: int, metrics: object = NO_METRICS, /) -> None:
        report_progress(STEP, step, total)

    mine, others = Part.of(photos), Part.of(drawn)
    probabilities = held_out_probabilities(
        config,
        mine.pixels,
        mine.outlines,
        (others.pixels, others.outlines),
        [photo.group for photo in photos],
        folds=labels.folds,
        seed=study.seed,
        device=best_device(),
        progress=progress,
    )
    tallies = [
        Tallies.of(p, mask, config.tolerance) for p, mask in zip(probabilities, mine.outlines, strict=True)
    ]
    threshold = float(THRESHOLDS[int(sum(tallies[1:], tallies[0]).f1.argmax())])
    faults = [label_fault(p, mask, threshold) for p, mask in zip(probabilities, mine.outlines, strict=True)]
    rows = [(one.score, one.sentence) for one in faults]
    write_whole_file(place, json.dumps(rows))
    return rows


def _without(part: Part, names: set[str]) -> Part:
    return Part.of([photo for photo in part.photos if photo.name not in names])
