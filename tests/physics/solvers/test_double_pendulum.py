"""The double pendulum against its energy, its small oscillations and its symmetry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.physics.solvers.double_pendulum import DoublePendulum, time_to_divergence

TIMES = np.linspace(0.0, 5.0, 101)
angle = st.floats(-2.5, 2.5)


@given(angle, angle, angle, angle)
def test_energy_does_not_change_along_the_motion(th1, th2, w1, w2):
    """dE/dt = grad E . d state/dt = 0, with the gradient by central differences."""
    pendulum, state, h = DoublePendulum(m1=1.3, l2=0.7), np.array([th1, th2, w1, w2]), 1e-6
    steps = h * np.eye(4)
    gradient = (pendulum.energy(state + steps) - pendulum.energy(state - steps)) / (2.0 * h)
    assert abs(gradient @ pendulum.derivative(state)) < 1e-5 * (1.0 + np.abs(gradient).max() ** 2)


def test_trajectories_keep_their_energy():
    pendulum = DoublePendulum()
    states = pendulum.trajectories(np.array([[2.0, -1.0, 0.0, 0.5]]), TIMES)
    energy = pendulum.energy(states)
    np.testing.assert_allclose(energy, energy[0, 0], rtol=1e-8)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_small_oscillations_have_the_two_known_frequencies(sign):
    """Equal rods and masses: w^2 = (2 -+ sqrt 2) g / l with th2 = +- sqrt 2 th1 (Landau & Lifshitz)."""
    pendulum = DoublePendulum()
    states = pendulum.trajectories(np.array([[1e-4, sign * np.sqrt(2.0) * 1e-4, 0.0, 0.0]]), TIMES)
    frequency = np.sqrt((2.0 - sign * np.sqrt(2.0)) * 9.81)
    np.testing.assert_allclose(states[0, :, 0], 1e-4 * np.cos(frequency * TIMES), atol=1e-9)


def test_mirrored_starts_give_mirrored_motions():
    pendulum, first = DoublePendulum(), np.array([[1.2, 0.4, 0.3, -0.2]])
    times = TIMES[:41]
    np.testing.assert_allclose(
        pendulum.trajectories(-first, times), -pendulum.trajectories(first, times), atol=1e-7
    )


def test_divergence_is_the_first_time_beyond_the_limit():
    true = np.zeros((2, 5, 4))
    predicted = true.copy()
    predicted[0, 3:, 1] = 0.4
    predicted[1, :, 2] = 9.0
    np.testing.assert_array_equal(time_to_divergence(true, predicted, np.arange(5.0)), [3.0, 4.0])
