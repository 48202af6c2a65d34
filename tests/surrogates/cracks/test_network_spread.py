import numpy as np
import pytest

from fieldwright.surrogates.cracks.network_spread import NetworkSpread


def test_it_finds_how_the_variance_grows_with_the_log_odds():
    rng = np.random.default_rng(0)
    z = rng.uniform(-8.0, 8.0, 5000)
    members = z + np.sqrt(0.5 + 0.1 * z**2) * rng.normal(size=(40, len(z)))
    assert NetworkSpread.fit(members).numbers == pytest.approx([0.5, 0.1], rel=0.15)


def test_half_of_the_variance_is_the_photo_s_own_and_half_the_usual():
    spread = NetworkSpread(np.array([1.0, 0.5]))
    agreed, apart = np.array([[2.0], [2.0]]), np.array([[0.0], [4.0]])
    assert spread.variance(agreed)[0] == pytest.approx(0.5 * 3.0)
    assert spread.variance(apart)[0] == pytest.approx(0.5 * (8.0 + 3.0))


def test_neither_share_is_negative():
    log_odds = np.array([[-4.0, 0.0, 4.0], [-4.0, 2.0, 4.0]])
    assert (NetworkSpread.fit(log_odds).numbers >= 0.0).all()
