"""Champion and challenger on the same test photos, from none of which either has learned."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from scipy.special import expit, logit

from fieldwright.data.errors import FieldwrightError
from fieldwright.flows.photos.parts import Part
from fieldwright.flows.study.photo_sections import MistakeCosts
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.versions.paired_comparison import FEWEST, paired_comparison
from fieldwright.flows.tracking.versions.promotion import Comparison
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.classification.prevalence import shift
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import scores
from fieldwright.surrogates.families import load_model

PARTS = "parts.json"
"""File of a pipeline's MLflow run: the names of the photos in each part."""
AT_ONCE = 32
CERTAIN = 1e-15
"""Least probability in a logarithm."""


def compare_on_photos(
    study: PhotoStudy,
    tracking: Tracking,
    champion: ModelVersion,
    model: CrackClassifier | CrackSegmenter,
    test: Part,
) -> Comparison | None:
    """By the study's metric of each test photo; None where the champion cannot be asked.

    It must load, answer the same question and have left the names of the photos that it has learned from or been
    chosen by, which are left out.
    """
    parts = tracking.json(champion.run_id, PARTS)
    if parts is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            other = load_model(tracking.registry.download(champion, Path(folder)))
    except FieldwrightError:
        return None
    if type(other) is not type(model) or not isinstance(other, CrackClassifier | CrackSegmenter):
        return None
    seen = {*parts["train"], *parts["validation"]}
    rows = [k for k, photo in enumerate(test.photos) if photo.name not in seen]
    if len(rows) < FEWEST:
        return None
    of_champion, inside = photo_losses(study, other, test, rows)
    of_challenger, covered = photo_losses(study, model, test, rows)
    tested_before = {*parts["test"]}
    names = [test.photos[k].name for k in rows]
    return paired_comparison(
        champion.version,
        of_champion,
        of_challenger,
        names,
        [f"{test.photos[k].sha256} {test.photos[k].mask_sha256} {test.photos[k].crack}" for k in rows],
        new=sum(name not in tested_before for name in names),
        outside=float(np.mean(~inside & covered)),
        samples="test photos",
        error=f"{study.metric} of each photo",
    )


def photo_losses(
    study: PhotoStudy, model: CrackClassifier | CrackSegmenter, part: Part, rows: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """The study's metric of each of these photos alone, (k,), and whether it lies inside the model's domain."""
    if isinstance(model, CrackSegmenter):
        return _of_outlines(study.metric, model, part, rows)
    probability, inside = [], []
    for start in range(0, len(rows), AT_ONCE):
        answer = model.predict([part.pixels[k] for k in rows[start : start + AT_ONCE]])
        probability.append(answer.probability)
        inside.append(answer.inside)
    losses = class_losses(
        study.metric,
        part.cracked[rows],
        np.concatenate(probability),
        model.description.threshold,
        costs_of(study, model),
        model.description.prevalence,
    )
    return losses, np.concatenate(inside)


def class_losses(
    metric: str,
    cracked: np.ndarray,
    probability: np.ndarray,
    threshold: float,
    costs: MistakeCosts,
    calibrated_at: float,
) -> np.ndarray:
    """Of each photo (n,), so that their mean is the metric of all; see `classification_evaluation`."""
    p = probability.astype(np.float64)
    if metric == "log_loss":
        return -np.log(np.clip(np.where(cracked, p, 1.0 - p), CERTAIN, 1.0))
    if metric == "brier":
        return (p - cracked) ** 2
    if metric == "error_rate":
        return ((p >= threshold) != cracked).astype(np.float64)
    share = float(cracked.mean())
    at = share if costs.prevalence is None else costs.prevalence
    if costs.prevalence is not None:
        p = expit(logit(p) + shift(calibrated_at, costs.prevalence))
    alarm = p >= costs.threshold
    missed, false = cracked & ~alarm, ~cracked & alarm
    return at * costs.miss * missed / max(share, CERTAIN) + (1.0 - at) * costs.alarm * false / max(
        1.0 - share, CERTAIN
    )


def costs_of(study: PhotoStudy, model: CrackClassifier) -> MistakeCosts:
    """What mistakes cost: by the study, else by the candidate."""
    return study.costs or MistakeCosts.model_validate(model.description.settings["candidate"]["costs"])


def _of_outlines(
    metric: str, model: CrackSegmenter, part: Part, rows: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    losses, inside = [], []
    for k in rows:
        answer = model.segment(part.pixels[k])
        one = scores([answer.probability], [part.outlines[k]], model.description.threshold)
        losses.append(1.0 - (one.f1[2] if metric == "f1_error" else one.iou))
        inside.append(bool(answer.inside))
    return np.array(losses), np.array(inside)
