"""How models of photos are scored on test photos, and which of them may become the champion."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fieldwright.flows.photos import classification_evaluation as classification_judging
from fieldwright.flows.photos import segmentation_evaluation as segmentation_judging
from fieldwright.flows.photos.champion_comparison import class_losses
from fieldwright.flows.photos.classification_evaluation import cost
from fieldwright.flows.photos.figures import (
    FALSE_ALARM,
    FOUND,
    MISSED,
    against_truth,
    calibration_figure,
    reliability,
)
from fieldwright.flows.photos.steps import decide_on_photos
from fieldwright.flows.study.photo_sections import MistakeCosts, PhotoPromotion
from fieldwright.flows.tracking.model_registry import ModelVersion
from fieldwright.flows.tracking.versions.promotion import Challenge
from fieldwright.surrogates.cracks.classification.classification_metrics import metrics_of


def test_cost_at_another_prevalence_by_hand():
    """Calibrated at one half, asked at one in five: log-odds fall by log 4, so that 0.7 becomes 7 / 19."""
    cracked = np.array([True, True, False, False])
    probability = np.array([0.9, 0.7, 0.6, 0.1])
    costs = MistakeCosts(miss=3.0, alarm=2.0, prevalence=0.2)
    # Threshold 0.4: at one in five 0.9 is 9 / 13, above; 0.7 and 0.6 are below.
    assert cost(cracked, probability, costs, 0.5) == pytest.approx(0.2 * 3.0 * 0.5)
    # At the photos' own share nothing moves: one false alarm in two.
    assert cost(cracked, probability, MistakeCosts(miss=3.0, alarm=2.0), 0.5) == pytest.approx(
        0.5 * 2.0 * 0.5
    )


THIRD = Challenge(ModelVersion("3", "run", {"metric": "brier", "score": "0.2"}))


def test_limits_on_the_test_photos_come_before_the_champion():
    rule = PhotoPromotion.model_validate({"least": {"recall": 0.9}})
    tested = {"recall": 0.95, "brier": 0.1, "trivial_brier": 0.25, "roc_auc": 0.9, "roc_auc_by_chance": 0.6}
    assert decide_on_photos(rule, "brier", 0.1, tested, Challenge()).promote
    refused = decide_on_photos(rule, "brier", 0.1, tested | {"recall": 0.85}, THIRD)
    assert not refused.promote
    assert "the recall on the test photos is 0.85, below the limit 0.9 of promotion.least" in refused.why
    assert not decide_on_photos(rule, "brier", 0.3, tested, THIRD).promote


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"brier": 0.26}, "its brier on the test photos is 0.26, that of the best such answer 0.25"),
        ({"brier": float("nan")}, "its brier on the test photos is nan"),
        ({"roc_auc": 0.58}, "its roc_auc on the test photos is 0.58, and so few photos give 0.6 by chance"),
    ],
)
def test_a_model_no_better_than_one_answer_for_all_photos_is_refused(change: dict[str, float], sentence: str):
    tested = {"brier": 0.1, "trivial_brier": 0.25, "roc_auc": 0.9, "roc_auc_by_chance": 0.6} | change
    refused = decide_on_photos(PhotoPromotion(), "brier", 0.1, tested, Challenge())
    assert not refused.promote
    assert "no better than one answer for all photos" in refused.why
    assert sentence in refused.why
    assert decide_on_photos(PhotoPromotion(allow_no_better=True), "brier", 0.1, tested, Challenge()).promote


@pytest.mark.parametrize("prevalence", [None, 0.2])
def test_the_losses_of_single_photos_have_the_metric_as_their_mean(prevalence: float | None):
    rng = np.random.default_rng(0)
    probability = rng.uniform(0.01, 0.99, 40)
    cracked = rng.random(40) < probability
    costs = MistakeCosts(miss=3.0, alarm=2.0, prevalence=prevalence)
    measured = metrics_of(cracked, probability, 0.6)
    means = {
        metric: float(class_losses(metric, cracked, probability, 0.6, costs, 0.5).mean())
        for metric in ("log_loss", "brier", "error_rate", "cost")
    }
    assert means["log_loss"] == pytest.approx(measured.log_loss)
    assert means["brier"] == pytest.approx(measured.brier)
    assert means["error_rate"] == pytest.approx(1.0 - measured.accuracy)
    assert means["cost"] == pytest.approx(cost(cracked, probability, costs, 0.5))


def test_one_answer_for_all_photos_has_the_known_scores():
    cracked = np.arange(10) < 3
    costs = MistakeCosts(miss=5.0, alarm=1.0)
    found = classification_judging.constant_class_metrics(cracked, costs)
    assert found["log_loss"] == pytest.approx(-0.3 * np.log(0.3) - 0.7 * np.log(0.7))
    assert (found["brier"], found["error_rate"]) == pytest.approx((0.21, 0.3))
    assert found["cost"] == pytest.approx(0.7), "alarm for all: no crack is missed"
    # A crack of one row in ten: everywhere has the precision 5 / 10 within two pixels and 1 / 10 exactly.
    outline = np.zeros((10, 8), dtype=bool)
    outline[4] = True
    trivial = segmentation_judging.constant_mask_errors([outline])
    assert trivial["f1_error"] == pytest.approx(1.0 - 2.0 * 0.5 / 1.5)
    assert trivial["iou_error"] == pytest.approx(0.9)


def test_chance_exceeds_its_roc_auc_in_one_of_twenty_cases():
    rng = np.random.default_rng(0)
    cracked = np.arange(40) < 10
    areas = [roc_auc_score(cracked, rng.random(40)) for _ in range(1000)]
    assert np.mean(np.array(areas) > classification_judging.auc_by_chance(cracked)) == pytest.approx(
        0.05, abs=0.02
    )


def test_reliability_and_colours_say_what_is():
    bins = reliability(np.array([True, False, True]), np.array([0.05, 0.07, 1.0]))
    assert bins[:, 0] == pytest.approx([0.12, 1.0, 2.0])
    assert bins[:, 9].tolist() == [1.0, 1.0, 1.0]
    line = calibration_figure(bins, "photos").axes[0].lines[1]
    np.testing.assert_allclose(np.asarray(line.get_xydata()), [[0.06, 0.5], [1.0, 1.0]])
    truth, mask = np.array([[True, True, False, False]]), np.array([[True, False, True, False]])
    drawn = against_truth(np.full((1, 4, 3), 100, dtype=np.uint8), truth, mask)
    assert [tuple(pixel) for pixel in drawn[0]] == [FOUND, MISSED, FALSE_ALARM, (178, 178, 178)]
