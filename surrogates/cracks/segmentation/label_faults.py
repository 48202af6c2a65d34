"""Which masks plainly show something else than their photo: found by networks that have not learned from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.signal import fftconvolve

from fieldwright.data.progress import TrainingProgress, part_of
from fieldwright.surrogates.cracks.segmentation.mask_calibration import MaskCalibration
from fieldwright.surrogates.cracks.segmentation.segmentation_networks import segmentation_network
from fieldwright.surrogates.cracks.segmentation.segmentation_training import train_segmentation_network
from fieldwright.surrogates.cracks.segmentation.tiles import answer_in_tiles
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

FARTHEST = 12
"""px by which a mask is tried to be shifted."""
LEAST_SHIFT = 2.0
"""px from which on a shift is called one: outlines by hand are as far off."""
BESIDE = 3.0
"""px beyond which a crack and its label no longer belong together."""
MENDED = 0.5
"""Share of the disagreement that a shift must take away to be its cause."""
OTHER = 0.3
"""Share of the cracks and of the mask that lie beside each other, from which on they are other cracks."""
LEAST_SCORE, SPREADS = 0.15, 3.0
"""A mask is worth a look from the first on, and suspected if it is so many spreads above the median too."""

Photos = Sequence[np.ndarray]


@dataclass(frozen=True)
class LabelFault:
    """How much a mask disagrees with a network that is sure of the photo.

    score: the F1 that the network expects by its probabilities, less that which the mask gives. It is about 0 where
    the network is unsure, however wrong it may be. sentence: how the mask differs.
    """

    score: float
    sentence: str


def held_out_probabilities(
    config: CrackUNetConfig,
    photos: Photos,
    masks: Photos,
    others: tuple[Photos, Photos],
    groups: Sequence[str],
    *,
    folds: int,
    seed: int,
    device: str = "cpu",
    progress: TrainingProgress | None = None,
) -> list[np.ndarray]:
    """Calibrated probability (h, w) of each photo, by a network that was trained without the photos of its fold.

    others: photos and masks that all networks learn from. groups: photos of one group are in one fold. config: each
    network is trained so long; nothing is chosen by the photos it has not learned from.
    """
    names = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(names))
    fold_of = {names[group]: k % folds for k, group in enumerate(order)}
    fold = np.array([fold_of[group] for group in groups])
    config = config.model_copy(update={"checks": 1, "members": 1})
    raw: list[np.ndarray] = [np.empty(0)] * len(photos)
    for k in range(folds):
        rows, left_out = np.flatnonzero(fold != k).tolist(), np.flatnonzero(fold == k).tolist()
        train_photos = [*(photos[i] for i in rows), *others[0]]
        train_masks = [*(masks[i] for i in rows), *others[1]]
        network = segmentation_network(config, seed + k)
        colours = np.concatenate([photo[::4, ::4].reshape(-1, 3) for photo in train_photos]) / 255.0
        network.standardise(colours.mean(axis=0), colours.std(axis=0))
        train_segmentation_network(
            network,
            config,
            train_photos,
            train_masks,
            # One check, at the end, chooses nothing.
            (train_photos[:1], train_masks[:1]),
            seed=seed + k,
            device=device,
            progress=None if progress is None else part_of(progress, k, folds),
        )
        for i in left_out:
            raw[i] = answer_in_tiles([network], photos[i], config.tile, device=device).probability
    return MaskCalibration.fit(raw, masks, config.tolerance, seed).calibrated(raw)


def label_fault(probability: np.ndarray, mask: np.ndarray, threshold: float) -> LabelFault:
    """How a mask (h, w) bool differs from a calibrated probability (h, w), with cracks from the threshold on."""
    predicted = probability >= np.float32(threshold)
    number, labelled = int(predicted.sum()), int(mask.sum())
    if not number:
        return LabelFault(0.0, "the network finds no crack" if labelled else "")
    expected = 2.0 * float(probability[predicted].sum()) / (number + float(probability.sum()))
    actual = 2.0 * int((predicted & mask).sum()) / (number + labelled)
    score = expected - actual
    return LabelFault(score, _sentence(predicted, mask, expected, actual) if score >= LEAST_SCORE else "")


def suspected(scores: np.ndarray) -> np.ndarray:
    """(n,) bool, of the scores (n,) of all photos: those that stand far out of the others."""
    middle = float(np.median(scores))
    spread = 1.4826 * float(np.median(np.abs(scores - middle)))
    return scores >= max(LEAST_SCORE, middle + SPREADS * spread)


def _sentence(predicted: np.ndarray, mask: np.ndarray, expected: float, actual: float) -> str:
    if not mask.any():
        return "the mask is empty, the photo shows cracks"
    (down, right), shifted = _best_shift(predicted, mask)
    if np.hypot(down, right) >= LEAST_SHIFT and shifted - actual >= MENDED * (expected - actual):
        return f"the mask lies beside the cracks that the photo shows, {_moved(-down, -right)}"
    extra, unseen = (
        float((np.asarray(distance_transform_edt(~one))[other] > BESIDE).mean())
        for one, other in ((mask, predicted), (predicted, mask))
    )
    if min(extra, unseen) > OTHER:
        return "the mask shows other cracks than the photo"
    if extra >= unseen:
        return f"the mask lacks cracks that the photo shows, {extra:.0%} of them"
    return f"the mask shows cracks that the photo does not show, {unseen:.0%} of it"


def _moved(down: int, right: int) -> str:
    words = [
        f"{abs(number)} px too far {way[number > 0]}"
        for number, way in ((right, ("left", "right")), (down, ("up", "down")))
        if number
    ]
    return " and ".join(words)


def _best_shift(predicted: np.ndarray, mask: np.ndarray) -> tuple[tuple[int, int], float]:
    """Rows and columns by which the mask fits best when it is moved, and the F1 that it has then."""
    padded = np.pad(predicted.astype(np.float32), FARTHEST)
    overlap = fftconvolve(padded, mask[::-1, ::-1].astype(np.float32), mode="valid")
    place = np.unravel_index(int(overlap.argmax()), overlap.shape)
    f1 = 2.0 * float(overlap[place]) / (int(predicted.sum()) + int(mask.sum()))
    return (int(place[0]) - FARTHEST, int(place[1]) - FARTHEST), f1
