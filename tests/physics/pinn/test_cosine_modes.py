"""Cosine amplitudes of a known sum are those it was made of."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.physics.pinn.cosine_modes import cosine_amplitudes


@given(amplitudes=st.lists(st.floats(-2, 2), min_size=8, max_size=8))
def test_the_amplitudes_of_a_sum_of_modes_are_found_exactly(amplitudes):
    x = np.linspace(0, 1, 9)
    values = sum(a * np.cos(k * np.pi * x) for k, a in enumerate(amplitudes))
    np.testing.assert_allclose(cosine_amplitudes(values, range(8)), amplitudes, atol=1e-13)


def test_the_highest_mode_of_the_points_and_several_fields_at_once():
    x = np.linspace(0, 1, 5)
    fields = np.stack([3 * np.cos(4 * np.pi * x), np.cos(2 * np.pi * x) - 1])
    np.testing.assert_allclose(cosine_amplitudes(fields, [0, 2, 4]), [[0, 0, 3], [-1, 1, 0]], atol=1e-13)
