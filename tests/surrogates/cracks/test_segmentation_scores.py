"""Scores of a segmentation against their definitions, computed the slow way and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from fieldwright.surrogates.cracks.segmentation.segmentation_scores import THRESHOLDS, Tallies, scores


def random_photo(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mask = rng.random((17, 23)) < 0.1
    return np.clip(0.5 * mask + rng.random(mask.shape) * 0.7 - 0.1, 0.0, 1.0).astype(np.float32), mask


def slowly(
    probability: np.ndarray, mask: np.ndarray, threshold: float, tolerance: int
) -> tuple[float, float]:
    """Precision and recall by Euclidean distances to the nearest pixel."""
    found = probability >= np.float32(threshold)
    precision = np.mean(np.asarray(distance_transform_edt(~mask))[found] <= tolerance) if found.any() else 1.0
    if not mask.any():
        return float(precision), 1.0
    recall = np.mean(np.asarray(distance_transform_edt(~found))[mask] <= tolerance) if found.any() else 0.0
    return float(precision), float(recall)


@given(st.integers(0, 10_000), st.sampled_from([0, 1, 2, 5]), st.integers(0, 98))
def test_tallies_are_the_definition(seed: int, tolerance: int, at: int) -> None:
    probability, mask = random_photo(seed)
    tallies = Tallies.of(probability, mask, tolerance)
    precision, recall = slowly(probability, mask, float(THRESHOLDS[at]), tolerance)
    assert tallies.precision[at] == pytest.approx(precision)
    assert tallies.recall[at] == pytest.approx(recall)


@given(st.integers(0, 10_000))
def test_more_tolerance_is_never_a_lower_score_and_ods_is_the_best(seed: int) -> None:
    photos = [random_photo(seed + k) for k in range(3)]
    found = scores([p for p, _ in photos], [m for _, m in photos], 0.4)
    assert found.f1[0] <= found.f1[2] <= found.f1[5]
    assert all(found.ods[t] >= found.f1[t] for t in (0, 2, 5))
    assert found.iou == pytest.approx(found.f1[0] / (2.0 - found.f1[0]))


def test_line_beside_the_truth_counts_within_two_pixels_and_not_without() -> None:
    mask = np.zeros((30, 40), dtype=bool)
    mask[10] = True
    beside = np.zeros(mask.shape, dtype=np.float32)
    beside[12] = 0.8
    found = scores([beside], [mask], 0.5)
    assert found.f1 == {0: 0.0, 2: 1.0, 5: 1.0}
    assert found.mean_iou == pytest.approx(0.5 * (1200 - 80) / 1200)


def test_one_threshold_for_all_photos_is_worse_than_each_its_own() -> None:
    mask = np.zeros((20, 20), dtype=bool)
    mask[5] = True
    bright = np.where(mask, 0.9, 0.6).astype(np.float32)
    dim = np.where(mask, 0.3, 0.1).astype(np.float32)
    found = scores([bright, dim], [mask, mask], 0.5)
    assert found.ois[0] == 1.0
    assert found.ods[0] < 0.8


def test_photo_without_cracks_is_right_when_nothing_is_found() -> None:
    nothing = np.zeros((20, 20), dtype=np.float32)
    found = scores([nothing], [nothing > 0.5], 0.5)
    assert found.f1[0] == found.recall[0] == found.precision[0] == 1.0
