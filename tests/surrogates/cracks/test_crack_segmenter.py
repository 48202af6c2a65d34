"""The segmenter on small drawn cracks: it learns, keeps its word when saved, and does not depend on its tiles."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.surrogates.cracks.classification.classification_metrics import calibration_error
from fieldwright.surrogates.cracks.segmentation.crack_segmenter import CrackSegmenter
from fieldwright.surrogates.cracks.segmentation.segmentation_scores import scores
from fieldwright.surrogates.cracks.segmentation.segmenter_adaptation import adapt_segmenter
from fieldwright.surrogates.cracks.segmentation.unet_settings import CrackUNetConfig

SMALL = CrackUNetConfig(widths=(8, 12), crop=48, batch=6, steps=50, members=2, checks=2, tile=512)


def drawn(number: int, shape: tuple[int, int], seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Photos with grain and a dark wandering line of four pixels, and masks of the lines."""
    rng = np.random.default_rng(seed)
    photos, masks = [], []
    for _ in range(number):
        middle = rng.integers(8, shape[0] - 8) + np.cumsum(rng.integers(-1, 2, size=shape[1]))
        mask = np.abs(np.arange(shape[0])[:, None] - middle) < 2.5
        level = rng.uniform(120, 200) * np.where(mask, 0.5, 1.0) + rng.normal(0, 12, shape)
        photos.append(np.clip(level[..., None] + rng.normal(0, 3, (*shape, 3)), 0, 255).astype(np.uint8))
        masks.append(mask)
    return photos, masks


@pytest.fixture(scope="module")
def segmenter() -> CrackSegmenter:
    photos, masks = drawn(16, (64, 80), seed=0)
    return CrackSegmenter.train(
        SMALL, photos[:12], masks[:12], validation=(photos[12:], masks[12:]), seed=1, name="drawn"
    )


def test_finds_the_cracks_of_new_photos_with_calibrated_probabilities(segmenter: CrackSegmenter) -> None:
    photos, masks = drawn(6, (96, 72), seed=9)
    found = [segmenter.segment(photo) for photo in photos]
    judged = scores([one.probability for one in found], masks, segmenter.description.threshold)
    assert judged.f1[0] > 0.85
    assert judged.f1[2] > 0.95
    pixels = np.concatenate([one.probability.ravel() for one in found])
    assert calibration_error(np.concatenate([mask.ravel() for mask in masks]), pixels) < 0.02
    for one in found:
        np.testing.assert_array_equal(
            one.mask, one.probability >= np.float32(segmenter.description.threshold)
        )
        assert one.probability.dtype == one.std.dtype == np.float32
        assert (one.std >= 0.0).all()


def test_std_is_greatest_where_the_answer_is_open(segmenter: CrackSegmenter) -> None:
    (photo,), _ = drawn(1, (96, 72), seed=5)
    found = segmenter.segment(photo)
    open_ = np.abs(found.probability - 0.5) < 0.25
    sure = found.probability < 0.02
    assert found.std[open_].mean() > 3.0 * found.std[sure].mean()


def test_answer_does_not_depend_on_the_tiles(segmenter: CrackSegmenter) -> None:
    (photo,), _ = drawn(1, (301, 407), seed=3)
    small = replace(segmenter, config=segmenter.config.model_copy(update={"tile": 100}))
    calls: list[tuple[int, int]] = []
    for augmented in (False, True):
        whole = segmenter.segment(photo, augmented=augmented)
        tiled = small.segment(photo, augmented=augmented, progress=lambda *done: calls.append(done))
        np.testing.assert_allclose(tiled.probability, whole.probability, atol=2e-5)
        np.testing.assert_allclose(tiled.std, whole.std, atol=2e-3)
    assert calls[-1][0] == calls[-1][1] >= 9


def test_symmetric_answer_turns_with_the_photo(segmenter: CrackSegmenter) -> None:
    (photo,), _ = drawn(1, (64, 96), seed=3)
    one = segmenter.segment(photo, augmented=True).probability
    other = segmenter.segment(np.rot90(photo), augmented=True).probability
    np.testing.assert_allclose(np.rot90(one), other, atol=2e-5)


def test_saved_and_loaded_answers_the_same(segmenter: CrackSegmenter, tmp_path: Path) -> None:
    (photo,), _ = drawn(1, (64, 80), seed=4)
    segmenter.save(tmp_path / "kept")
    again = CrackSegmenter.load(tmp_path / "kept")
    np.testing.assert_array_equal(again.segment(photo).probability, segmenter.segment(photo).probability)
    np.testing.assert_array_equal(again.segment(photo).std, segmenter.segment(photo).std)
    assert again.description == segmenter.description


def test_says_why_a_photo_is_unlike_the_training_photos(segmenter: CrackSegmenter) -> None:
    photos, _ = drawn(10, (64, 80), seed=7)
    assert np.mean([segmenter.segment(photo).inside for photo in photos]) >= 0.8
    blue = photos[0] // np.array([4, 4, 1], dtype=np.uint8)
    found = segmenter.segment(blue)
    assert not found.inside
    assert "red less blue" in found.why or "green" in found.why


def test_a_few_corrected_photos_adapt_it_and_say_what_that_gains(segmenter: CrackSegmenter) -> None:
    def pale(number: int, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        photos, masks = drawn(number, (64, 80), seed)
        return [255 - photo for photo in photos], masks

    (photos, masks), others = pale(6, seed=20), drawn(6, (64, 80), seed=0)
    adaptation = adapt_segmenter(segmenter, photos, masks, others, seed=0, cpu_minutes=10, steps=30)
    assert adaptation.way == "weights"
    assert adaptation.steps == (30,) * 6
    before, after = (adaptation.scores[way] for way in ("before", "weights"))
    assert after.f1_2px > before.f1_2px + 0.2
    assert after.of_photos.shape == (6,)
    adapted = adaptation.segmenter
    assert adapted is not None
    assert adapted.description.adapted == 6
    new, truths = pale(6, seed=30)
    found = [adapted.segment(photo) for photo in new]
    measured = scores([one.probability for one in found], truths, adapted.description.threshold)
    # What was measured on photos left out holds on new ones, by networks that have learned from twice as many.
    assert measured.f1[2] > after.f1_2px - 0.1
    assert np.mean([one.inside for one in found]) > 0.5
    assert not segmenter.segment(new[0]).inside
    old, old_masks = drawn(6, (64, 80), seed=40)
    still = scores(
        [one.probability for one in adapted.predict(old)], old_masks, adapted.description.threshold
    )
    assert still.f1[2] > 0.8
    with pytest.raises(ModelError, match="adapted by at least 4 photos"):
        adapt_segmenter(segmenter, photos[:3], masks[:3], others, seed=0)


def test_refuses_what_is_no_photo_and_masks_that_do_not_fit(segmenter: CrackSegmenter) -> None:
    with pytest.raises(QueryError, match="of uint8, h and w at least 32"):
        segmenter.segment(np.zeros((64, 64), dtype=np.uint8))
    photos, masks = drawn(2, (64, 80), seed=0)
    with pytest.raises(ModelError, match="must have a mask"):
        CrackSegmenter.train(
            SMALL, photos, [masks[0], masks[1][:-1]], validation=(photos, masks), seed=0, name=""
        )
    with pytest.raises(ModelError, match="must show cracks"):
        CrackSegmenter.train(
            SMALL, photos, masks, validation=(photos, [mask & False for mask in masks]), seed=0, name=""
        )
