from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom

from fieldwright.surrogates.fields.prediction import Band
from fieldwright.surrogates.validation.holdout import BandCoverage, HoldoutResult, choose_test_set


def row(n: int) -> np.ndarray:
    return np.arange(float(n))[:, None]


@given(st.integers(4, 200), st.one_of(st.floats(0.01, 0.5), st.integers(1, 50)), st.integers(0, 5))
def test_keeps_the_number_or_the_share_and_leaves_runs_to_learn_from(n, keep, seed):
    aside = choose_test_set(row(n), keep, seed)
    asked = keep if keep >= 1 else round(keep * n)
    assert aside.sum() == min(asked, n - 2)
    np.testing.assert_array_equal(aside, choose_test_set(row(n), keep, seed))


def test_other_seeds_keep_other_runs_aside_and_none_is_the_default():
    assert (choose_test_set(row(100), 20, 0) != choose_test_set(row(100), 20, 1)).any()
    assert not choose_test_set(row(100), 0, 0).any()


def test_runs_that_share_their_parameters_stay_together():
    x = np.repeat(np.random.default_rng(0).random((12, 2)), 3, axis=0)
    x[::3] += 1e-9
    aside = choose_test_set(x, 9, seed=1)
    assert aside.sum() == 9
    assert set(aside.reshape(12, 3).sum(axis=1)) == {0, 3}


def test_counts_what_lies_in_the_bands():
    true = np.array([[0.0, 4.0], [2.0, 2.0], [4.0, 0.0], [2.0, 2.0]])
    mean = np.full((4, 2), 2.0)
    narrow, wide = Band(mean, mean, mean - 1.0, mean + 1.0), Band(mean, mean, mean - 1.5, mean + 2.0)
    covered = BandCoverage.of(true, narrow, wide)
    # Two runs of four are met exactly; of the others no value lies within 1, and only one of two within +2, -1.5.
    assert covered.pointwise == 0.5
    assert covered.simultaneous == 0.5
    assert covered.width == pytest.approx(2.0 / np.std(true))
    assert covered.simultaneous_width == pytest.approx(3.5 / np.std(true))
    assert covered.error == pytest.approx(np.mean([np.sqrt(8.0) / 4.0, 0.0, np.sqrt(8.0) / 4.0, 0.0]))


def test_the_plates_bands_cover_new_runs_about_as_they_say(plate, surrogate):
    x = plate.parameters(200, 77)
    found = HoldoutResult.evaluate(surrogate, x, plate.fields(x))
    assert found.runs == 200
    assert found.inside > 180
    k, n = int(np.ceil(0.9 * (found.calibrated_by + 1))), found.calibrated_by
    assert found.uncertainty == pytest.approx(betabinom(200, k, n + 1 - k).std() / 200)
    assert found.uncertainty > np.sqrt(0.09 / 200)
    for name in ("temperature", "velocity", "max(temperature)", "mean(velocity.x)"):
        one = (found.fields | found.quantities)[name]
        # 40 training runs set the factors: their own luck is another sqrt(0.09 / 40) = 0.05.
        assert abs(one.pointwise - 0.9) < 0.12
        assert one.simultaneous_width >= one.width > 0.0
        assert one.error < 0.01
    summary = found.summary()
    assert summary["test.temperature.coverage"] == found.fields["temperature"].pointwise
    assert summary["test.max.temperature.error"] == found.quantities["max(temperature)"].error


def test_the_numbers_read_off_the_truth_are_those_of_the_fields(plate, surrogate):
    """A truth equal to the prediction has no error, in fields and in quantities, steady and transient."""
    x = plate.parameters(7, 3)
    predicted = {name: band.mean for name, band in surrogate.predict(x).fields.items()}
    found = HoldoutResult.evaluate(surrogate, x, predicted)
    for one in (found.fields | found.quantities).values():
        assert one.error < 1e-12
        assert one.pointwise == one.simultaneous == 1.0
