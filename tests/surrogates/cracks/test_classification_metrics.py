import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.cracks.classification.classification_metrics import (
    calibration_error,
    curves,
    metrics_of,
)

TRUTH = np.array([True, True, True, True, False, False, False, False, False, False])
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.2, 0.75, 0.4, 0.3, 0.1, 0.05, 0.01])


def test_shares_counted_by_hand():
    found = metrics_of(TRUTH, PROBABILITY, 0.5)
    assert found.accuracy == pytest.approx(0.8)
    assert found.precision == pytest.approx(3 / 4)
    assert found.recall == pytest.approx(3 / 4)
    assert found.specificity == pytest.approx(5 / 6)
    assert found.f1 == pytest.approx(3 / 4)
    assert found.brier == pytest.approx(np.mean((PROBABILITY - TRUTH) ** 2))
    pairs = [a > b for a in PROBABILITY[TRUTH] for b in PROBABILITY[~TRUTH]]
    assert found.roc_auc == pytest.approx(np.mean(pairs))


def test_the_interval_of_the_accuracy_is_wilsons():
    # For 8 of 10: (p + z^2 / 2n +- z sqrt(p q / n + z^2 / 4 n^2)) / (1 + z^2 / n) with z = 1.959964.
    found = metrics_of(TRUTH, PROBABILITY, 0.5)
    assert (found.accuracy_lower, found.accuracy_upper) == pytest.approx((0.49016, 0.94331), abs=1e-5)


def test_curves_hold_the_areas_and_their_ends():
    found, one = metrics_of(TRUTH, PROBABILITY), curves(TRUTH, PROBABILITY)
    assert np.trapezoid(one.recall, one.false_alarm) == pytest.approx(found.roc_auc)
    assert (one.false_alarm[0], one.recall[0], one.false_alarm[-1], one.recall[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert np.sum(np.diff(one.recall_of_precision) * one.precision[1:]) == pytest.approx(
        found.average_precision
    )
    assert (one.recall_of_precision[0], one.precision[0], one.recall_of_precision[-1]) == (0.0, 1.0, 1.0)
    assert one.precision[-1] == pytest.approx(TRUTH.mean())


def test_probabilities_that_are_right_have_no_calibration_error_and_wrong_ones_theirs():
    rng = np.random.default_rng(0)
    probability = rng.random(200_000)
    cracked = rng.random(len(probability)) < probability
    assert calibration_error(cracked, probability) < 0.005
    assert calibration_error(cracked, np.full(len(cracked), 0.9)) == pytest.approx(0.9 - cracked.mean())


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30), st.integers(0, 1000))
def test_the_calibration_error_is_a_share(values, seed):
    probability = np.array(values)
    cracked = np.random.default_rng(seed).random(len(values)) < 0.5
    assert 0.0 <= calibration_error(cracked, probability) <= 1.0
    assert calibration_error(cracked, cracked.astype(float)) == 0.0


def test_one_class_alone_is_refused():
    with pytest.raises(ModelError, match="2 with and 0 without"):
        metrics_of(np.array([True, True]), np.array([0.5, 0.6]))
    with pytest.raises(ModelError, match="0 with and 2 without"):
        curves(np.array([False, False]), np.array([0.5, 0.6]))


def test_no_alarm_at_all_has_precision_and_recall_zero():
    found = metrics_of(TRUTH, np.full(10, 0.1))
    assert (found.precision, found.recall, found.f1, found.specificity) == (0.0, 0.0, 0.0, 1.0)
