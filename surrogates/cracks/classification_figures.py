"""Pictures of how well a crack classifier tells cracked photos, and of how far its probabilities can be believed."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from surrogates.cracks.classification_metrics import BINS, curves, judged
from surrogates.figures import COLOURS, label, panels


def classification_figure(cracked: np.ndarray, probability: np.ndarray, threshold: float = 0.5) -> Figure:
    """ROC, precision over recall, and the share of cracks over the probability; the threshold is marked.

    cracked: (n,) bool. probability: (n,) of a crack. Raises ModelError where one class is absent.
    """
    found, one = judged(cracked, probability, threshold), curves(cracked, probability)
    figure, (roc, recall, reliability) = panels(1, 3)
    roc.step(one.false_alarm, one.recall, where="post", color=COLOURS[0])
    roc.plot([0.0, 1.0], [0.0, 1.0], ":", color="0.6")
    roc.plot(1.0 - found.specificity, found.recall, "o", color=COLOURS[1])
    label(roc, "false alarms among the sound", "cracks found", title=f"area {found.roc_auc:.4f}")
    recall.step(one.found, one.precision, where="post", color=COLOURS[0])
    recall.plot(found.recall, found.precision, "o", color=COLOURS[1], label=f"threshold {threshold:g}")
    recall.legend(fontsize=8, frameon=False, loc="lower left")
    label(
        recall, "cracks found", "alarms that are right", title=f"mean precision {found.average_precision:.4f}"
    )
    index = np.minimum((probability * BINS).astype(int), BINS - 1)
    number = np.bincount(index, minlength=BINS)
    filled = number > 0
    share = np.bincount(index, weights=cracked, minlength=BINS)[filled] / number[filled]
    mean = np.bincount(index, weights=probability, minlength=BINS)[filled] / number[filled]
    reliability.plot([0.0, 1.0], [0.0, 1.0], ":", color="0.6")
    reliability.scatter(mean, share, s=8.0 + 80.0 * number[filled] / len(cracked), color=COLOURS[0])
    label(reliability, "probability", "share of cracks", title=f"calibration error {found.ece:.4f}")
    for ax in (roc, recall, reliability):
        ax.set_xlim(-0.02, 1.02)
        ax.set_ylim(-0.02, 1.02)
    return figure
