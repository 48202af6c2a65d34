"""Sobol points: inside the box, prefix-stable, balanced, seeded."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.sampling import sobol_points

BOX = {"a": (0.0, 1.0), "b": (-2e9, 3e9), "c": (1e-6, 2e-6)}


@settings(deadline=None)
@given(n=st.integers(1, 300), more=st.integers(0, 300), seed=st.integers(0, 2**31))
def test_a_longer_plan_begins_with_the_shorter_one(n, more, seed):
    assert np.array_equal(sobol_points(BOX, n + more, seed)[:n], sobol_points(BOX, n, seed))


@settings(deadline=None)
@given(
    ends=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)), min_size=1, max_size=6),
    seed=st.integers(0, 2**31),
)
def test_every_point_lies_in_its_box(ends, seed):
    bounds = {str(i): (low, low + width) for i, (low, width) in enumerate(ends)}
    points = sobol_points(bounds, 33, seed)
    low, high = np.array(list(bounds.values())).T
    assert points.shape == (33, len(bounds))
    assert np.all((points >= low) & (points <= high))


@settings(deadline=None)
@given(m=st.integers(0, 8), seed=st.integers(0, 2**31))
def test_a_power_of_two_puts_one_point_in_every_slice_of_every_parameter(m, seed):
    n = 2**m
    points = sobol_points(dict.fromkeys("abcd", (0.0, 1.0)), n, seed)
    for column in np.floor(points * n).T:
        assert np.array_equal(np.sort(column), np.arange(n))


def test_seeds_give_different_plans():
    assert not np.allclose(sobol_points(BOX, 8, 1), sobol_points(BOX, 8, 2))


@pytest.mark.parametrize(("bounds", "n", "wrong"), [(BOX, 0, "number of points"), ({"a": (1, 1)}, 4, "'a'")])
def test_impossible_plans_are_refused_in_words(bounds, n, wrong):
    with pytest.raises(FieldwrightError, match=wrong):
        sobol_points(bounds, n, seed=0)
