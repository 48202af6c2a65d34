"""Where runs may be suggested: bounds, constraints, and what is said of those that cannot be met."""

import numpy as np
import pytest

from fieldwright.data.errors import StudyError
from fieldwright.data.expressions import Constraint
from fieldwright.surrogates.design.space import ParameterSpace

LOWER, UPPER = np.array([0.0, 10.0, 5.0]), np.array([1.0, 20.0, 5.0])


def space(*constraints: str, upper: np.ndarray = UPPER) -> ParameterSpace:
    names = ("a", "b", "c")
    return ParameterSpace(names, LOWER, upper, tuple(Constraint.parse(text, names) for text in constraints))


def test_a_sample_fills_the_box_and_leaves_fixed_parameters_alone():
    x = space().sample(64, seed=0)
    assert (x[:, 2] == 5.0).all()
    for column, low, high in zip(x.T[:2], LOWER, UPPER, strict=False):
        counts = np.histogram(column, 16, (low, high))[0]
        assert (counts == 4).all(), "a Sobol sequence puts as many points in each of 16 slices"


def test_a_longer_sample_begins_with_the_shorter_one():
    constrained = space("a * b <= 8")
    np.testing.assert_array_equal(constrained.sample(300, seed=1)[:40], constrained.sample(40, seed=1))


def test_constraints_hold_everywhere():
    x = space("a * b <= 3", "b / c > 2.5").sample(100, seed=0)
    assert len(x) == 100
    assert (x[:, 0] * x[:, 1] <= 3.0).all()
    assert (x[:, 1] > 12.5).all()


def test_constraints_that_nothing_satisfies_are_named():
    with pytest.raises(StudyError, match=r"'a > 2' and 'b < 11' must leave room .* Got 0 of 262144 points"):
        space("a > 2", "b < 11").sample(4, seed=0)


def test_bounds_are_checked():
    with pytest.raises(StudyError, match=r"parameter 'b' must be a finite number below .*Got 10 and 9\."):
        space(upper=np.array([1.0, 9.0, 5.0]))
    with pytest.raises(StudyError, match="one value only for a, b, c"):
        space(upper=LOWER)
    with pytest.raises(StudyError, match=r"at least 1\. Got 0\."):
        space().sample(0, seed=0)
