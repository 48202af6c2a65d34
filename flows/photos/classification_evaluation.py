"""Evaluation of a crack classifier on photos of known class."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit, logit
from scipy.stats import entropy

from fieldwright.flows.photos.evaluation import PartEvaluation
from fieldwright.flows.photos.figures import calibration_figure, curves_figure, example_photos, reliability
from fieldwright.flows.photos.parts import Part
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.study.photo_sections import MistakeCosts
from fieldwright.surrogates.cracks.classification.class_prediction import ClassPrediction
from fieldwright.surrogates.cracks.classification.classification_metrics import curves, metrics_of
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier
from fieldwright.surrogates.cracks.classification.prevalence import shift
from fieldwright.surrogates.validation.metrics import ONE_SIDED

EXAMPLES = 8
_AT_ONCE = 32


def evaluate_classifier(
    classifier: CrackClassifier, part: Part, costs: MistakeCosts, step: str
) -> PartEvaluation:
    """Metrics, curves and examples on the photos of a part; raises ModelError where one class is absent.

    step: what the progress calls it.
    """
    cracked, answers = part.cracked, _answers(classifier, part, step)
    probability = np.concatenate([answer.probability for answer in answers])
    measured = metrics_of(cracked, probability, classifier.description.threshold)
    metrics = measured.summary() | {
        "cost": cost(cracked, probability, costs, classifier.description.prevalence),
        "error_rate": 1.0 - measured.accuracy,
        **{f"trivial_{name}": value for name, value in constant_class_metrics(cracked, costs).items()},
        "roc_auc_by_chance": auc_by_chance(cracked),
        "inside": float(np.mean(np.concatenate([answer.inside for answer in answers]))),
    }
    at = 1.0 - measured.specificity, measured.recall, measured.precision

    def draw() -> dict[str, Figure]:
        return {
            "roc_and_precision_recall.png": curves_figure(curves(cracked, probability), at),
            "calibration.png": calibration_figure(reliability(cracked, probability), "photos"),
        } | _examples(part, answers, cracked, probability)

    return PartEvaluation(metrics, draw)


def cost(cracked: np.ndarray, probability: np.ndarray, costs: MistakeCosts, calibrated_at: float) -> float:
    """Mean cost of a photo, pi miss P(silence | crack) + (1 - pi) alarm P(alarm | sound), at the prevalence pi.

    cracked (n,) bool, probability (n,) calibrated at the prevalence `calibrated_at`. Decisions are by the probability
    at pi, which is the share of cracked photos here where `costs` does not say.
    """
    share = float(cracked.mean()) if costs.prevalence is None else costs.prevalence
    if costs.prevalence is not None:
        probability = expit(logit(probability) + shift(calibrated_at, costs.prevalence))
    alarm = probability >= costs.threshold
    missed, false = float(np.mean(~alarm[cracked])), float(np.mean(alarm[~cracked]))
    return share * costs.miss * missed + (1.0 - share) * costs.alarm * false


def constant_class_metrics(cracked: np.ndarray, costs: MistakeCosts) -> dict[str, float]:
    """The least of each metric that the same answer for every photo of cracked (n,) bool reaches.

    Entropy and variance of the share of cracked photos; the rarer class as errors; the cheaper of alarm and silence.
    """
    share = float(cracked.mean())
    at = share if costs.prevalence is None else costs.prevalence
    return {
        "log_loss": float(entropy([share, 1.0 - share])),
        "brier": share * (1.0 - share),
        "error_rate": min(share, 1.0 - share),
        "cost": min(at * costs.miss, (1.0 - at) * costs.alarm),
    }


def auc_by_chance(cracked: np.ndarray) -> float:
    """The area under the ROC curve that probabilities without knowledge exceed in one of twenty cases.

    cracked: (n,) bool. 1/2 + 1.645 sqrt((n + 1) / (12 n1 n0)), n1 and n0 the photos of each class (Mann & Whitney,
    Ann. Math. Stat. 18, 1947).
    """
    positive, negative = int(cracked.sum()), int((~cracked).sum())
    return 0.5 + ONE_SIDED * math.sqrt((len(cracked) + 1.0) / (12.0 * positive * negative))


def _answers(classifier: CrackClassifier, part: Part, step: str) -> list[ClassPrediction]:
    answers, total = [], len(part.photos)
    for start in range(0, total, _AT_ONCE):
        answers.append(classifier.predict(part.pixels[start : start + _AT_ONCE]))
        report_progress(step, min(start + _AT_ONCE, total), total)
    return answers


def _examples(
    part: Part, answers: list[ClassPrediction], cracked: np.ndarray, probability: np.ndarray
) -> dict[str, Figure]:
    """Photos classified rightly and most surely, half of each class; wrong ones; and those of the largest loss."""
    alarm = np.concatenate([answer.crack for answer in answers])
    surprise = np.where(cracked, 1.0 - probability, probability)
    order = np.argsort(surprise, kind="stable")
    right = [
        order[(cracked == kind)[order] & (alarm == cracked)[order]][: EXAMPLES // 2] for kind in (True, False)
    ]
    groups = {
        "right": (np.concatenate(right), "classified rightly, the surest of each class"),
        "wrong": (
            order[::-1][(alarm != cracked)[order[::-1]]][:EXAMPLES],
            "classified wrongly, the surest first",
        ),
        "worst": (order[::-1][:EXAMPLES], "the largest surprises, right or wrong"),
    }
    figures = {}
    for name, (indices, title) in groups.items():
        if len(indices):
            words = [
                f"{part.photos[k].name}\n{'cracked' if cracked[k] else 'sound'}, called "
                f"{'cracked' if alarm[k] else 'sound'}, p {probability[k]:.3f}"
                for k in indices
            ]
            figures[f"examples_{name}.png"] = example_photos(
                [part.pixels[int(k)] for k in indices], words, title
            )
    return figures
