"""-div grad theta = delta exp(theta / (1 + eps theta)) in a cylinder, -d theta / dn = Bi theta on its surface."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.self_heating import SelfHeating, SelfHeatingSolver

COLD = 1e7
SOLVER = SelfHeatingSolver(8)


@pytest.mark.parametrize(
    ("half_height", "scale", "known"),
    [
        # Frank-Kamenetskii (1969), chapter VI: slab 0.878, endless cylinder 2.000; equal height and diameter 2.77.
        (0.01, 0.01**2, 0.8785),
        (1.0, 1.0, 2.77),
        (12.0, 1.0, 2.0),
    ],
)
def test_critical_heating_is_that_of_the_literature(half_height, scale, known):
    solver = SelfHeatingSolver(14) if half_height > 10.0 else SOLVER
    assert solver.critical(COLD, half_height) * scale == pytest.approx(known, rel=5e-3)


def test_a_flat_cylinder_is_a_slab():
    """theta = theta_m - 2 log cosh(z sqrt(delta exp(theta_m) / 2)), z over the half-thickness."""
    hottest, flat = 0.8, 0.01
    root = np.arccosh(np.exp(hottest / 2.0))
    delta = 2.0 * root**2 * np.exp(-hottest)
    theta = SOLVER.solve(SelfHeating(delta / flat**2, COLD, flat))
    axis = SOLVER.points[:, 0] == 0.0
    exact = hottest - 2.0 * np.log(np.cosh(root * SOLVER.points[axis, 1]))
    np.testing.assert_allclose(theta[axis], exact, atol=2e-4)


def test_without_reaction_to_speak_of_it_is_linear_and_the_heat_leaves_through_the_surface():
    """For small Bi theta is even: delta V = Bi S theta, V / S = h / (2 h + 1) of a cylinder of half-height h."""
    theta = SOLVER.solve(SelfHeating(1e-8, 1e-4, 2.0))
    np.testing.assert_allclose(theta, 1e-4 * 2.0 / 5.0, rtol=1e-3)


def test_temperature_rises_as_a_square_root_towards_ignition():
    critical = SOLVER.critical(3.0, 1.5, 0.03, accuracy=1e-10)
    hottest = [
        SOLVER.solve(SelfHeating(critical * (1.0 - gap), 3.0, 1.5, 0.03)).max()
        for gap in (1e-7, 1e-4, 4e-4, 16e-4)
    ]
    gaps = hottest[0] - np.array(hottest[1:])
    np.testing.assert_allclose(gaps[1:] / gaps[:-1], 2.0, rtol=0.05)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.05, 0.6), st.floats(1.0, 10.0), st.floats(0.5, 2.0))
def test_more_heat_or_less_cooling_makes_it_hotter(delta, biot, half_height):
    theta = SOLVER.solve(SelfHeating(delta, biot, half_height))
    assert (theta > 0.0).all()
    assert (SOLVER.solve(SelfHeating(1.05 * delta, biot, half_height)) > theta).all()
    assert (SOLVER.solve(SelfHeating(delta, 1.05 * biot, half_height)) < theta).all()


def test_there_is_no_cool_state_beyond_the_critical_heating():
    with pytest.raises(
        FieldwrightError, match=r"must be below the critical one.*Got 5 at Bi = 2, half-height 1"
    ):
        SOLVER.solve(SelfHeating(5.0, 2.0, 1.0))


def test_parameters_are_checked():
    with pytest.raises(FieldwrightError, match=r"'eps' .* must be from 0 to 0\.1\. Got 0\.3"):
        SelfHeating(1.0, 2.0, 1.0, 0.3)
