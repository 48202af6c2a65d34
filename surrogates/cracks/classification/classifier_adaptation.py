"""A trained classifier fitted to labelled photos of the user's, with what that gains on photos left out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedKFold

from fieldwright.data.progress import TrainingProgress
from fieldwright.surrogates.cracks.classification.adaptation import FOLDS, Adaptation
from fieldwright.surrogates.cracks.classification.crack_classifier import LEAST_PHOTOS, CrackClassifier
from fieldwright.surrogates.cracks.classification.photo_labels import checked_labels

WAYS: tuple[Adaptation, ...] = ("calibration", "last_layer")
LEAST_OF_A_CLASS = -(-LEAST_PHOTOS * FOLDS // (FOLDS - 1))
"""Photos of each class, so that those of all folds but one suffice to learn from."""
NEVER_CERTAIN = 1e-6


@dataclass(frozen=True, eq=False)
class ClassifierScore:
    """How well one way classifies the user's photos.

    log_loss: mean cross-entropy in nats. error_rate: share of photos with a wrong answer.
    of_photos: (n,) the cross-entropy of each.
    """

    log_loss: float
    error_rate: float
    of_photos: np.ndarray


@dataclass(frozen=True, eq=False)
class ClassifierAdaptation:
    """An adapted classifier beside what it was.

    classifier: by the better of the two ways, `way`, and all photos; None where neither is better than the classifier
    as it was. scores: "before", "calibration", temperature and bias learned anew, and "last_layer", the last layers
    of the networks too; each photo is answered by a classifier that it had no part in.
    """

    classifier: CrackClassifier | None
    way: str
    scores: dict[str, ClassifierScore]
    cpu_seconds: float


def adapt_classifier(
    classifier: CrackClassifier,
    photos: Sequence[np.ndarray],
    cracked: np.ndarray,
    *,
    seed: int,
    progress: TrainingProgress | None = None,
) -> ClassifierAdaptation:
    """Adapts by photos (h, w, 3) uint8 and labels (n,) bool, and measures what that gains.

    The photos are divided in FOLDS parts, each answered by a classifier adapted by the others. All ways, and the
    classifier as it was, answer at the share of cracks among these photos, so that to know this share is no gain.
    seed: of the parts. Raises ModelError for too few photos of a class.
    """
    start = time.process_time()
    cracked = checked_labels(photos, cracked, LEAST_OF_A_CLASS)
    share = float(cracked.mean())
    probability = {way: np.empty(len(photos)) for way in WAYS}
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(cracked, cracked))
    for k, (training, left_out) in enumerate(folds):
        if progress is not None:
            progress(k, len(folds) + 1)
        some, others = ([photos[row] for row in rows] for rows in (training, left_out))
        for way in WAYS:
            adapted = classifier.adapted(some, cracked[training], seed=seed, how=way)
            probability[way][left_out] = adapted.predict(others, prevalence=share).probability
    before = classifier.predict(photos, prevalence=share).probability
    threshold = classifier.description.threshold
    scores = {
        way: _score(p, cracked, threshold) for way, p in ({"before": before} | dict(probability)).items()
    }
    best = min(WAYS, key=lambda way: scores[way].log_loss)
    gains = scores[best].log_loss < scores["before"].log_loss
    adapted = classifier.adapted(photos, cracked, seed=seed, how=best) if gains else None
    if progress is not None:
        progress(len(folds) + 1, len(folds) + 1)
    return ClassifierAdaptation(adapted, best if gains else "before", scores, time.process_time() - start)


def _score(probability: np.ndarray, cracked: np.ndarray, threshold: float) -> ClassifierScore:
    right = np.clip(np.where(cracked, probability, 1.0 - probability), NEVER_CERTAIN, 1.0)
    loss = -np.log(right)
    return ClassifierScore(float(loss.mean()), float(((probability >= threshold) != cracked).mean()), loss)
