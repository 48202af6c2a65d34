"""How well probabilities of a crack, and the decisions by them, agree with the truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy.stats import binomtest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_curve,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from fieldwright.data.errors import ModelError

BINS = 15
"""Of the calibration error, as in Guo et al., 2017."""


def calibration_error(cracked: np.ndarray, probability: np.ndarray, bins: int = BINS) -> float:
    """ECE = sum_b (n_b / n) |mean probability - share of cracks| over bins of equal width.

    cracked: (n,) bool. probability: (n,) of a crack. Source: Naeini, Cooper & Hauskrecht, Obtaining well
    calibrated probabilities using Bayesian binning, AAAI 2015.
    """
    index = np.minimum((probability * bins).astype(int), bins - 1)
    surplus = np.bincount(index, weights=probability - cracked, minlength=bins)
    return float(np.abs(surplus).sum() / len(cracked))


@dataclass(frozen=True)
class ClassificationMetrics:
    """Shares are of the photos at one threshold; the last five ask for none.

    accuracy_lower, accuracy_upper: 95 % interval of the accuracy on new photos, as so many leave it open
    (Wilson, 1927).
    precision: of the alarms that are right. recall: of the cracks that are found. specificity: of the sound
    that raise no alarm. f1: harmonic mean of precision and recall. Where nothing is there to count, precision
    and recall are 0.
    roc_auc: chance that a crack has a higher probability than a sound photo. average_precision: mean
    precision over the recalls. brier: mean squared error of the probability. log_loss: mean cross-entropy in
    nats. ece: calibration error.
    """

    photos: int
    threshold: float
    accuracy: float
    accuracy_lower: float
    accuracy_upper: float
    precision: float
    recall: float
    specificity: float
    f1: float
    roc_auc: float
    average_precision: float
    brier: float
    log_loss: float
    ece: float

    def summary(self) -> dict[str, float]:
        """Metric to value."""
        return {name: float(value) for name, value in asdict(self).items()}


def metrics_of(cracked: np.ndarray, probability: np.ndarray, threshold: float = 0.5) -> ClassificationMetrics:
    """The metrics of probabilities (n,) for truths (n,) bool; raises ModelError where one class is absent."""
    cracked = checked_truth(cracked)
    alarm = probability >= threshold
    (sound, _), (_, detected) = counts = confusion_matrix(cracked, alarm, labels=[False, True])
    precision, recall, f1 = (
        float(score(cracked, alarm, zero_division=0.0))  # type: ignore[arg-type]  # the stubs know "warn" alone
        for score in (precision_score, recall_score, f1_score)
    )
    interval = binomtest(int(sound + detected), len(cracked)).proportion_ci(method="wilson")
    return ClassificationMetrics(
        photos=len(cracked),
        threshold=float(threshold),
        accuracy=float((sound + detected) / len(cracked)),
        accuracy_lower=float(interval.low),
        accuracy_upper=float(interval.high),
        precision=precision,
        recall=recall,
        specificity=float(sound / counts[0].sum()),
        f1=f1,
        roc_auc=float(roc_auc_score(cracked, probability)),
        average_precision=float(average_precision_score(cracked, probability)),
        brier=float(brier_score_loss(cracked, probability)),
        log_loss=float(log_loss(cracked, np.clip(probability, 1e-15, 1.0 - 1e-15))),
        ece=calibration_error(cracked, probability),
    )


@dataclass(frozen=True, eq=False)
class Curves:
    """ROC and precision over recall, point by point from the strictest threshold to the laxest.

    false_alarm, recall: of the ROC curve, with its thresholds, the first of which (infinite) raises no alarm.
    precision, recall_of_precision: of the precision-recall curve; its first point is recall 0 and precision 1.
    """

    false_alarm: np.ndarray
    recall: np.ndarray
    threshold: np.ndarray
    recall_of_precision: np.ndarray
    precision: np.ndarray


def curves(cracked: np.ndarray, probability: np.ndarray) -> Curves:
    """Both curves of probabilities (n,) for truths (n,) bool; raises ModelError where one class is absent."""
    cracked = checked_truth(cracked)
    false_alarm, recall, threshold = roc_curve(cracked, probability)
    precision, recall_of_precision, _ = precision_recall_curve(cracked, probability)
    return Curves(false_alarm, recall, threshold, recall_of_precision[::-1], precision[::-1])


def checked_truth(cracked: np.ndarray) -> np.ndarray:
    """Labels (n,) as bool; raises ModelError where one class is absent."""
    cracked = np.asarray(cracked, dtype=bool)
    if cracked.all() or not cracked.any():
        raise ModelError(
            "Photos to evaluate on must show both, cracks and none",
            f"{int(cracked.sum())} with and {int((~cracked).sum())} without",
            "Add photos of the other class",
        )
    return cracked
