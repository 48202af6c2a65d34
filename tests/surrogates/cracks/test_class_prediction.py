import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

from fieldwright.surrogates.cracks.classification.class_prediction import spread_of_probability


@given(mean=st.floats(-6.0, 6.0), deviation=st.floats(0.0, 2.0))
def test_the_std_is_that_of_the_integral(mean, deviation):
    """Var p = int p^2 - (int p)^2 over the normal distribution, by adaptive quadrature."""
    std, _, _ = spread_of_probability(np.array([mean]), np.array([deviation]), 0.9)

    def moment(power: int) -> float:
        return quad(lambda z: expit(mean + deviation * z) ** power * norm.pdf(z), -12.0, 12.0, limit=200)[0]

    # Below that the difference of the two moments has no digits left.
    assert std[0] == pytest.approx(np.sqrt(max(moment(2) - moment(1) ** 2, 0.0)), rel=1e-3, abs=1e-6)


def test_the_band_holds_the_share_of_draws_that_it_names():
    mean, deviation = np.array([0.5, -4.0]), np.array([1.5, 0.7])
    _, lower, upper = spread_of_probability(mean, deviation, 0.8)
    drawn = expit(mean + deviation * np.random.default_rng(0).standard_normal((40_000, 2)))
    assert np.mean((drawn >= lower) & (drawn <= upper), axis=0) == pytest.approx(0.8, abs=0.01)
    assert (lower > 0.0).all()
    assert (upper < 1.0).all()
