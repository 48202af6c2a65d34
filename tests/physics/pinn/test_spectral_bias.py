"""The example of spectral bias: a plain network has the slow mode alone where sine layers have them all."""

import numpy as np
import pytest

from examples.spectral_bias import CURES, NEAR, bare_heat, course, learnt_by, modes_at_start
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture


def test_all_modes_of_the_exact_solution_are_there():
    problem = bare_heat()
    network = SolutionNetwork(problem, Architecture((3,)), 0)
    exact = problem.reference
    network.forward = lambda x: exact(x, problem.values)
    np.testing.assert_allclose(modes_at_start(network), 1, atol=1e-12)


def test_a_mode_is_learnt_from_where_it_stays_near():
    steps = np.array([0.0, 10, 20, 30])
    parts = np.array([[0, 1.1, 0], [1, 1.9, 0.5], [0.9, 0.95, 0.7], [1.1, 1.0, 0.75]])
    assert learnt_by(steps, parts) == [10, 20, float("inf")]


@pytest.mark.slow
def test_a_plain_network_learns_the_slow_mode_first_and_sine_layers_learn_them_all():
    (_, plain), (_, sine) = (course(CURES[name], 300, looks=3) for name in ("plain tanh", "sine"))
    assert abs(plain[-1, 0] - 1) < NEAR
    assert np.all(abs(plain[-1, 1:]) < 0.2)  # k = 3, 6 and 10 are hardly there
    assert np.all(abs(sine[-1] - 1) < 0.35)
