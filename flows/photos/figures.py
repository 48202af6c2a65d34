"""The pictures of a study of photos: curves, calibration, and photos with what the model said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from fieldwright.surrogates.cracks.classification.classification_metrics import Curves
from fieldwright.surrogates.figure_axes import heading, label, logarithmic
from fieldwright.surrogates.figures import (
    COLOURS,
    DASHES,
    RIGHT,
    beside,
    colour_bar,
    legend,
    line_style,
    panels,
)

BINS = 10
FALSE_ALARM, MISSED, FOUND = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2), (0x00, 0x9E, 0x73)
"""Colours of crack pixels that are none, that were not found, and that were."""
LONGEST = 640
"""Photos are shown with at most so many pixels a side."""


def curves_figure(curves: Curves, at: tuple[float, float, float]) -> Figure:
    """The ROC curve and precision over recall; `at`: false alarms, recall and precision at the threshold."""
    false_alarm, recall, precision = at
    title = f"At the threshold {recall:.1%} of cracks are found, with {false_alarm:.1%} false alarms"
    figure, (left, right) = panels(1, 2, **beside(("at the threshold", "by chance")), title=title)
    left.plot(curves.false_alarm, curves.recall, color=COLOURS[0], lw=1.2)
    left.plot([0.0, 1.0], [0.0, 1.0], color="0.6", lw=0.8, ls="--", label="by chance")
    left.plot([false_alarm], [recall], "o", color=COLOURS[1], ms=5, label="at the threshold")
    label(left, "false alarms / sound photos", "found / cracked photos", title="ROC")
    legend(left)
    right.plot(curves.recall_of_precision, curves.precision, color=COLOURS[0], lw=1.2)
    right.plot([recall], [precision], "o", color=COLOURS[1], ms=5)
    label(right, "recall", "precision", title="precision and recall")
    for ax in (left, right):
        _unit_square(ax)
    return figure


def precision_recall_figure(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Precision over recall of crack pixels, each curve (recall, precision) over all thresholds by name."""
    f1 = {name: _best_f1(recall, precision) for name, (recall, precision) in curves.items()}
    best = max(f1, key=lambda name: f1[name])
    figure, (ax,) = panels(**beside(curves), title=f"Crack pixels: the best F1 is {f1[best]:.3f} ({best})")
    for i, (name, (recall, precision)) in enumerate(curves.items()):
        ax.plot(
            recall, precision, label=name, color=COLOURS[i % len(COLOURS)], ls=DASHES[i % len(DASHES)], lw=1.2
        )
    label(ax, "recall", "precision")
    _unit_square(ax)
    legend(ax)
    return figure


def _best_f1(recall: np.ndarray, precision: np.ndarray) -> float:
    both = recall + precision
    return float(np.max(np.divide(2.0 * recall * precision, both, out=np.zeros_like(both), where=both > 0.0)))


def reliability(truth: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """(3, 10) sums over bins of equal width: of the probability, of the truth, and the number of values."""
    index = np.minimum((np.ravel(probability) * BINS).astype(int), BINS - 1)
    weights = (np.ravel(probability), np.ravel(truth).astype(float), np.ones(index.size))
    return np.array([np.bincount(index, weights=one, minlength=BINS) for one in weights])


def calibration_figure(bins: np.ndarray, of: str) -> Figure:
    """Share of cracks against the probability stated, from the sums of `reliability`; `of`: photos or pixels."""
    stated, true, count = bins[:, bins[2] > 0]
    gap = float(np.sum(abs(stated - true)) / np.sum(count))
    title = f"Stated probabilities miss the share of cracked {of} by {gap:.1%} on average"
    figure, (left, right) = panels(1, 2, **beside(("as stated", "observed")), title=title)
    left.plot([0.0, 1.0], [0.0, 1.0], color="0.4", lw=0.8, ls="--", label="as stated")
    left.plot(stated / count, true / count, label="observed", **line_style(0))
    label(left, "probability of crack, stated", f"cracked {of} / all {of}", title="calibration")
    _unit_square(left)
    legend(left)
    right.bar((np.arange(BINS) + 0.5) / BINS, bins[2], width=0.9 / BINS, color=COLOURS[0])
    logarithmic(right, "y", bins[2])
    label(right, "probability of crack, stated", f"number of {of}", title=f"how many {of}")
    return figure


def example_photos(photos: Sequence[np.ndarray], titles: Sequence[str], title: str) -> Figure:
    """Up to eight photos (h, w, 3) with a line of words over each."""
    columns = min(4, len(photos))
    figure, axes = panels(-(-len(photos) // columns), columns, (2.6, 2.9), left=RIGHT, title=title)
    for ax in axes[len(photos) :]:
        ax.set_visible(False)
    for ax, photo, words in zip(axes, photos, titles, strict=False):
        _show(ax, photo, words)
    return figure


def example_outlines(
    rows: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], titles: Sequence[str], title: str
) -> Figure:
    """A row for each (photo, truth, probability, mask): photo, probability, and the mask against the truth."""
    figure, axes = panels(len(rows), 3, (3.2, 2.6), left=RIGHT, right=0.6, title=title)
    for k, ((photo, truth, probability, mask), words) in enumerate(zip(rows, titles, strict=True)):
        photo_ax, probability_ax, mask_ax = axes[3 * k : 3 * k + 3]
        _show(photo_ax, photo, words)
        step = _step(probability)
        image = probability_ax.imshow(probability[::step, ::step], cmap="viridis", vmin=0.0, vmax=1.0)
        colour_bar(probability_ax, image)
        _show(probability_ax, None, "probability of crack")
        _show(mask_ax, against_truth(photo, truth, mask), "green found, blue missed, orange false")
    return figure


def against_truth(photo: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8: the photo in pale grey with what was found, missed and falsely called crack."""
    grey = 128 + photo.mean(axis=2) / 2
    overlay = np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)
    for where, colour in ((truth & mask, FOUND), (truth & ~mask, MISSED), (mask & ~truth, FALSE_ALARM)):
        overlay[where] = colour
    return overlay


def _show(ax, photo: np.ndarray | None, words: str) -> None:
    if photo is not None:
        step = _step(photo)
        ax.imshow(photo[::step, ::step])
    ax.set_axis_off()
    heading(ax, words, fontsize=7)


def _step(image: np.ndarray) -> int:
    return max(1, -(-max(image.shape[:2]) // LONGEST))


def _unit_square(ax) -> None:
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(-0.02, 1.02)
    ax.set_aspect("equal")
    ax.grid(alpha=0.3)
