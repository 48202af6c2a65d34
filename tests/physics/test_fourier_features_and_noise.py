"""The example of noise: fast Fourier features take more of it into the solution than slow ones."""

import pytest

from examples.fourier_features_and_noise import sweep


@pytest.mark.slow
def test_features_of_a_larger_scale_take_up_more_noise():
    errors, shares = sweep((2.0, 16.0), (0.0, 0.2), steps=25)
    assert shares[1, 1] > 1.5 * shares[0, 1]
    assert errors[1, 1] - errors[1, 0] > 3 * abs(errors[0, 1] - errors[0, 0])
    assert errors.max() < 0.5
