import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from fieldwright.data.errors import ModelError
from fieldwright.surrogates.cracks.temperature import Temperature


def drawn(n: int, seed: int, temperature: float, bias: float) -> tuple[np.ndarray, np.ndarray]:
    """Log-odds of a network that is too sure by that temperature, and truths that follow the right ones."""
    rng = np.random.default_rng(seed)
    right = rng.normal(0.0, 2.0, n)
    return (right - bias) * temperature, rng.random(n) < expit(right)


@given(temperature=st.floats(0.3, 5.0), bias=st.floats(-1.0, 1.0))
def test_it_finds_the_temperature_and_bias_that_made_the_data(temperature, bias):
    found = Temperature.fit(*drawn(20_000, 0, temperature, bias))
    assert found.temperature == pytest.approx(temperature, rel=0.06)
    assert found.bias == pytest.approx(bias, abs=0.08)


def test_a_network_without_mistakes_is_not_made_sure_beyond_what_few_photos_can_show():
    cracked = np.arange(40) < 20
    found = Temperature.fit(np.where(cracked, 30.0, -30.0), cracked)
    highest = expit(found.calibrated(np.array([30.0])))[0]
    assert highest == pytest.approx(21.0 / 22.0, abs=1e-3)
    assert expit(found.calibrated(np.array([-30.0])))[0] == pytest.approx(1.0 / 22.0, abs=1e-3)


def test_its_variance_is_that_over_other_draws_of_the_validation_photos():
    at = np.array([-4.0, 0.0, 3.0])
    fits = [Temperature.fit(*drawn(300, seed, 2.0, 0.3)) for seed in range(200)]
    scatter = np.std([fit.calibrated(at) for fit in fits], axis=0)
    predicted = np.sqrt(np.mean([fit.variance(at) for fit in fits], axis=0))
    assert predicted == pytest.approx(scatter, rel=0.15)


def test_calibration_lowers_the_loss_on_photos_that_it_has_not_seen():
    logit, cracked = drawn(500, 1, 4.0, -0.5)
    fresh, truth = drawn(5000, 2, 4.0, -0.5)
    calibrated = Temperature.fit(logit, cracked).calibrated(fresh)

    def loss(z: np.ndarray) -> float:
        return float(np.mean(np.logaddexp(0.0, np.where(truth, -z, z))))

    assert loss(calibrated) < 0.6 * loss(fresh)


def test_state_restores_it():
    found = Temperature.fit(*drawn(100, 3, 2.0, 0.0))
    again = Temperature.restore(found.state())
    assert (again.temperature, again.bias, again.prevalence) == (
        found.temperature,
        found.bias,
        found.prevalence,
    )
    assert np.array_equal(again.covariance, found.covariance)


def test_one_class_alone_is_refused():
    with pytest.raises(ModelError, match=r"both, cracks and none\. Got 3 with and 0 without"):
        Temperature.fit(np.zeros(3), np.ones(3, dtype=bool))
