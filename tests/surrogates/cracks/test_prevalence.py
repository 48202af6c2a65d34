import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.classification.prevalence import crack_given_alarm, estimated, shift

SHARES = st.floats(0.001, 0.999)


def test_a_test_that_is_right_in_99_of_100_is_a_one_in_three_alarm_where_cracks_are_rare():
    assert crack_given_alarm(0.99, 0.99, 0.005) == pytest.approx(0.332, abs=5e-4)


@given(sensitivity=SHARES, specificity=SHARES, calibrated=SHARES, prevalence=SHARES)
def test_shifted_log_odds_agree_with_bayes_rule_for_an_alarm(
    sensitivity, specificity, calibrated, prevalence
):
    there = crack_given_alarm(sensitivity, specificity, calibrated)
    here = crack_given_alarm(sensitivity, specificity, prevalence)
    assert expit(logit(there) + shift(calibrated, prevalence)) == pytest.approx(here, rel=1e-9)


@given(a=SHARES, b=SHARES, c=SHARES)
def test_shifts_add_up(a, b, c):
    assert shift(a, b) + shift(b, c) == pytest.approx(shift(a, c), abs=1e-9)


def test_the_prevalence_is_found_from_photos_without_labels():
    rng = np.random.default_rng(0)
    cracked = rng.random(20_000) < 0.1
    seen = rng.normal(np.where(cracked, 1.0, -1.0), 1.0)
    at_half = expit(2.0 * seen)  # The right probability where half of all are cracked.
    assert estimated(at_half, 0.5) == pytest.approx(cracked.mean(), abs=0.01)
    assert at_half.mean() > 0.15


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, math.nan])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(QueryError, match="between 0 and 1, both excluded"):
        shift(0.5, share)
    with pytest.raises(QueryError):
        crack_given_alarm(0.9, 0.9, share)


def test_a_test_without_alarms_has_no_answer():
    with pytest.raises(QueryError, match="raise an alarm at times"):
        crack_given_alarm(0.0, 1.0, 0.1)
    with pytest.raises(QueryError, match="'specificity' must be a share"):
        crack_given_alarm(0.9, 1.1, 0.1)
