"""Faults planted in the masks of drawn surfaces stand before all others, and say what they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.ndimage import label

from fieldwright.surrogates.cracks.segmentation.label_faults import (
    LabelFault,
    held_out_probabilities,
    label_fault,
    suspected,
)
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

QUICK = CrackUNetConfig(widths=(8, 12), crop=48, batch=6, steps=60, averaging=0.9)
SWAPPED, SHIFTED, ERASED = (3, 4), 9, 14
PLANTED = (*SWAPPED, SHIFTED, ERASED)


def scenes(number: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Rough surfaces, each crossed by one dark crack of five pixels, and its mask."""
    rng = np.random.default_rng(3)
    photos, masks = [], []
    for _ in range(number):
        middle = rng.integers(14, 50) + np.cumsum(rng.integers(-1, 2, size=80))
        mask = np.abs(np.arange(64)[:, None] - middle) < 2.5
        level = rng.uniform(120, 200) * np.where(mask, 0.5, 1.0) + rng.normal(0, 12, mask.shape)
        photos.append(np.clip(level[..., None] + rng.normal(0, 3, (64, 80, 3)), 0, 255).astype(np.uint8))
        masks.append(mask)
    return photos, masks


@pytest.fixture(scope="module")
def faults() -> list[LabelFault]:
    photos, masks = scenes(24)
    given: list[np.ndarray] = list(masks)
    given[SWAPPED[0]], given[SWAPPED[1]] = masks[SWAPPED[1]], masks[SWAPPED[0]]
    given[SHIFTED] = np.roll(masks[SHIFTED], 6, axis=0)
    given[SHIFTED][:6] = False
    given[ERASED] = np.zeros_like(masks[ERASED])
    probabilities = held_out_probabilities(
        QUICK, photos, given, ([], []), [str(k) for k in range(24)], folds=2, seed=0
    )
    return [label_fault(p, mask, 0.5) for p, mask in zip(probabilities, given, strict=True)]


def test_planted_faults_rank_first_and_only_they_are_suspected(faults: Sequence[LabelFault]) -> None:
    scores = np.array([one.score for one in faults])
    assert set(np.argsort(-scores)[: len(PLANTED)].tolist()) == set(PLANTED)
    assert set(np.flatnonzero(suspected(scores)).tolist()) == set(PLANTED)


def test_the_sentence_says_how_the_mask_differs(faults: Sequence[LabelFault]) -> None:
    for k in SWAPPED:
        assert faults[k].sentence == "the mask shows other cracks than the photo"
    assert faults[SHIFTED].sentence.startswith("the mask lies beside the cracks that the photo shows")
    assert "px too far down" in faults[SHIFTED].sentence
    assert faults[ERASED].sentence == "the mask is empty, the photo shows cracks"
    assert all(not one.sentence for k, one in enumerate(faults) if k not in PLANTED)


def test_one_erased_crack_of_two_and_an_unsure_network() -> None:
    truth = np.zeros((60, 80), dtype=bool)
    truth[10:14, 5:75] = truth[40:44, 5:75] = True
    assert label(truth)[1] == 2
    sure = np.where(truth, 0.95, 0.01).astype(np.float32)
    one = truth.copy()
    one[30:] = False
    fault = label_fault(sure, one, 0.5)
    assert fault.score > 0.2
    assert fault.sentence == "the mask lacks cracks that the photo shows, 50% of them"
    assert abs(label_fault(sure, truth, 0.5).score) < 0.1
    # What a network is not sure of is no fault of the mask.
    unsure = np.where(truth, 0.5, 0.1).astype(np.float32)
    assert label_fault(unsure, one, 0.5).score < fault.score / 2
    right = np.roll(truth, 7, axis=1)
    moved = label_fault(sure, np.roll(right, -6, axis=0), 0.5)
    assert moved.sentence == (
        "the mask lies beside the cracks that the photo shows, 7 px too far right and 6 px too far up"
    )
