"""Evaluation of a crack segmenter on photos with outlined cracks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.flows.photos.evaluation import PartEvaluation
from fieldwright.flows.photos.figures import (
    calibration_figure,
    example_outlines,
    precision_recall_figure,
    reliability,
)
from fieldwright.flows.photos.parts import Part
from fieldwright.flows.progress import report as report_progress
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import Tallies, scores

TOLERANCES = (0, 2, 5)
EXAMPLES = 3


def evaluate_segmenter(segmenter: CrackSegmenter, part: Part, step: str) -> PartEvaluation:
    """Metrics, curves and examples on the photos of a part.

    step: what the progress calls it.
    """
    total, inside, probabilities = len(part.photos), 0, []
    bins = np.zeros_like(reliability(np.zeros(1), np.zeros(1)))
    for k in range(total):
        answer = segmenter.segment(part.pixels[k])
        probabilities.append(answer.probability)
        inside += answer.inside
        bins += reliability(part.outlines[k], answer.probability)
        report_progress(step, k + 1, total)
    measured = scores(probabilities, part.outlines, segmenter.description.threshold, TOLERANCES)
    metrics = {
        "f1": measured.f1[0],
        **{f"f1_{t}px": measured.f1[t] for t in TOLERANCES[1:]},
        **{f"precision_{t}px": measured.precision[t] for t in TOLERANCES[1:]},
        **{f"recall_{t}px": measured.recall[t] for t in TOLERANCES[1:]},
        "iou": measured.iou,
        "mean_iou": measured.mean_iou,
        "ods": measured.ods[0],
        "ois": measured.ois[0],
        "ece": float(np.abs(bins[0] - bins[1]).sum() / bins[2].sum()),
        "f1_error": 1.0 - measured.f1[2],
        "iou_error": 1.0 - measured.iou,
        **{f"trivial_{name}": value for name, value in constant_mask_errors(part.outlines).items()},
        "inside": inside / total,
    }

    def draw() -> dict[str, Figure]:
        return {
            "precision_recall.png": precision_recall_figure(
                {f"within {t} px": _curve(probabilities, part, t) for t in TOLERANCES}
            ),
            "calibration.png": calibration_figure(bins, "pixels"),
        } | _examples(segmenter, part, probabilities)

    return PartEvaluation(metrics, draw)


def constant_mask_errors(outlines: Sequence[np.ndarray]) -> dict[str, float]:
    """The least of each metric that "no crack anywhere" and "crack everywhere" reach on masks (h, w) bool."""
    errors = {}
    for name, tolerance in (("f1_error", 2), ("iou_error", 0)):
        single = [Tallies.of(np.ones(mask.shape, np.float32), mask, tolerance) for mask in outlines]
        everywhere = sum(single[1:], single[0])
        score = everywhere.f1 if name == "f1_error" else everywhere.iou
        # Where nothing is found, F1 and IoU of the crack are 0, unless there is none.
        errors[name] = 1.0 - float(score.max()) if everywhere.truth else 0.0
    return errors


def _curve(probabilities: list[np.ndarray], part: Part, tolerance: int) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision over all thresholds, of all pixels together."""
    single = [Tallies.of(p, mask, tolerance) for p, mask in zip(probabilities, part.outlines, strict=True)]
    pooled = sum(single[1:], single[0])
    return pooled.recall, pooled.precision


def _examples(segmenter: CrackSegmenter, part: Part, probabilities: list[np.ndarray]) -> dict[str, Figure]:
    """The photos outlined best, those with most false or missed pixels, and those of the lowest F1."""
    threshold = np.float32(segmenter.description.threshold)
    masks = [p >= threshold for p in probabilities]
    false, missed, right = (
        np.array([int(one.sum()) for one in many])
        for many in (
            [mask & ~truth for mask, truth in zip(masks, part.outlines, strict=True)],
            [truth & ~mask for mask, truth in zip(masks, part.outlines, strict=True)],
            [truth & mask for mask, truth in zip(masks, part.outlines, strict=True)],
        )
    )
    f1 = np.where(false + missed > 0, 2 * right / np.maximum(2 * right + false + missed, 1), 1.0)
    with_crack = np.flatnonzero(right + missed > 0)
    best = with_crack[np.argsort(-f1[with_crack], kind="stable")]
    groups = {
        "right": (best[:EXAMPLES], "outlined best"),
        "wrong": (np.argsort(-(false + missed), kind="stable")[:EXAMPLES], "most pixels false or missed"),
        "worst": (np.argsort(f1, kind="stable")[:EXAMPLES], "lowest F1"),
    }
    figures = {}
    for name, (indices, title) in groups.items():
        if len(indices):
            rows = [(part.pixels[int(k)], part.outlines[int(k)], probabilities[k], masks[k]) for k in indices]
            words = [f"{part.photos[k].name}, F1 {f1[k]:.2f}" for k in indices]
            figures[f"examples_{name}.png"] = example_outlines(rows, words, title)
    return figures
