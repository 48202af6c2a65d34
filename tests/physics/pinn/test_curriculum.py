"""From easy to hard: every part is between the start and the whole equation, which the last part is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.curriculum import Curriculum

BURGERS = problem_named("burgers")


@given(parts=st.integers(2, 9), start=st.floats(0.01, 1.0))
def test_coefficients_go_in_even_ratios_from_the_start_to_the_equations(parts, start):
    plan = Curriculum(parts=parts, coefficients={"nu": start})
    values = [plan.eased(BURGERS, part).get("nu", BURGERS.values["nu"]) for part in range(1, parts + 1)]
    assert values[0] == pytest.approx(start)
    ratios = np.divide(values[1:], values[:-1])
    np.testing.assert_allclose(ratios, ratios[0])
    assert plan.eased(BURGERS, parts) == {}


def test_coefficients_that_change_sign_go_in_even_steps():
    plan = Curriculum(parts=3, coefficients={"b": -2.0})
    values = [plan.eased(problem_named("second_order_bvp"), part)["b"] for part in (1, 2)]
    assert values == [-2.0, 0.0]  # and 2, the equation's, in the third


def test_windows_of_time_and_shown_waves_grow_to_the_whole():
    plan = Curriculum(parts=4, marching=True, waves=True)
    assert [plan.end(BURGERS, part) for part in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]
    assert [plan.revealed(part) for part in (1, 4)] == [0.25, 1.0]
    none = Curriculum(parts=4)
    assert none.end(BURGERS, 1) == none.revealed(1) == 1.0


def test_what_the_equation_has_not_is_refused_in_words():
    with pytest.raises(FieldwrightError, match="must be of an equation with a time"):
        Curriculum(parts=2, marching=True).check(problem_named("second_order_bvp"))
    with pytest.raises(FieldwrightError, match="A coefficient of 'burgers' must be one of its own: nu"):
        Curriculum(parts=2, coefficients={"mu": 1.0}).check(BURGERS)
