"""Points where residuals are large: the densities and the additions are those of the formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.physics.pinn.collocation import drawn_by_residual, residual_density, with_worst_points


@given(seed=st.integers(0, 2**31), power=st.floats(0, 3), floor=st.floats(0, 5))
def test_the_density_is_the_power_over_its_mean_plus_the_floor(seed, power, floor):
    sizes = np.random.default_rng(seed).uniform(0.1, 4, 50)
    density = residual_density(sizes, power, floor)
    expected = sizes**power / np.mean(sizes**power) + floor
    np.testing.assert_allclose(density, expected / expected.sum())


def test_points_fall_where_the_density_says_and_none_twice():
    candidates = np.linspace(0, 1, 20000)[:, None]
    sizes = np.where(candidates[:, 0] < 0.25, 3.0, 1.0)
    # mean 1.5: densities 3 / 1.5 + 1 = 3 in a quarter, 1 / 1.5 + 1 = 5 / 3 in the rest
    points = drawn_by_residual(candidates, sizes, 2000, 1.0, 1.0, np.random.default_rng(0))
    assert len(np.unique(points)) == 2000
    assert np.mean(points < 0.25) == pytest.approx(3 / (3 + 3 * 5 / 3), abs=0.03)


def test_vanished_residuals_leave_the_points_even():
    np.testing.assert_allclose(residual_density(np.zeros(4), 1.0, 0.0), 0.25)


def test_refinement_keeps_the_points_and_adds_the_worst_candidates():
    points, candidates = np.zeros((3, 2)), np.arange(10.0).reshape(5, 2)
    sizes = np.array([0.1, 5.0, 0.2, 7.0, 1.0])
    both = with_worst_points(points, candidates, sizes, 2)
    np.testing.assert_array_equal(both, np.vstack([points, candidates[[3, 1]]]))
