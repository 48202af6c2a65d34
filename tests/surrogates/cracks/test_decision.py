import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fieldwright.surrogates.cracks.classification.decision import Costs

COST = st.floats(0.01, 1000.0)


@given(miss=COST, alarm=COST, other=st.floats(0.0, 1.0))
def test_no_threshold_costs_less_than_that_of_the_costs(miss, alarm, other):
    costs = Costs(miss=miss, alarm=alarm)
    probability = np.linspace(0.0, 1.0, 101)
    assert costs.expected(probability) <= costs.expected(probability, other) * (1.0 + 1e-12)


def test_a_missed_crack_that_costs_as_much_as_99_alarms_is_worth_one_at_one_per_cent():
    assert Costs(miss=99.0, alarm=1.0).threshold == pytest.approx(0.01)
    assert Costs().threshold == 0.5


def test_what_is_paid_is_what_was_expected_of_probabilities_that_are_right():
    rng = np.random.default_rng(0)
    probability = rng.random(200_000) ** 3
    cracked = rng.random(len(probability)) < probability
    costs = Costs(miss=20.0, alarm=1.0)
    paid = costs.paid(cracked, probability >= costs.threshold)
    assert paid == pytest.approx(costs.expected(probability), rel=0.02)
    assert paid < costs.paid(cracked, probability >= 0.5)


def test_costs_are_positive():
    with pytest.raises(ValidationError):
        Costs(miss=0.0)
