"""Error bounds: no disturbance of a solution is larger than its residual and the theory's constant allow."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.physics.equations.problems import load_problems, problem_named
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

STABLE = sorted(name for name, problem in load_problems().items() if problem.stability is not None)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("name", STABLE)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), size=st.floats(0.1, 5))
def test_every_function_that_meets_the_conditions_is_within_the_bound(name, seed, size):
    problem = problem_named(name)
    network = SolutionNetwork(problem, Architecture((8, 8)), seed)
    network.assign(size * network.flat())
    points = problem.points(4000, np.random.default_rng(seed))
    residual = problem.residual_of(lambda x, c: network(x), points)
    with torch.no_grad():
        x = torch.from_numpy(points)
        error = (network(x) - problem.reference(x, problem.values)).numpy()
    assert rms(error) <= 1.05 * problem.stability(problem.values) * rms(
        residual
    )  # the means are of random points


def test_the_bound_is_reached_by_the_mode_that_the_equation_holds_back_least():
    beam = problem_named("beam_on_elastic_foundation")
    points = np.linspace(0, 1, 401)[:, None]
    mode = lambda x, c: beam.reference(x, c) + torch.sin(torch.pi * x)  # noqa: E731
    residual = rms(beam.residual_of(mode, points))
    assert rms(np.sin(np.pi * points)) == pytest.approx(beam.stability(beam.values) * residual, rel=1e-9)


def test_the_oscillators_bound_covers_a_resonant_push():
    problem = problem_named("damped_oscillator")
    w0 = problem.values["w0"]
    points = np.linspace(0, 1, 801)[:, None]
    pushed = lambda x, c: problem.reference(x, c) + x**2 * torch.sin(w0 * x)  # noqa: E731
    error = rms(points**2 * np.sin(w0 * points))
    bound = problem.stability(problem.values) * rms(problem.residual_of(pushed, points))
    assert error <= bound <= 10 * error  # covered, and not by a bound that says nothing


def test_a_training_tells_a_bound_that_holds_and_none_where_there_is_no_theory():
    plan = TrainingPlan(Architecture((10,)), Sampling(100), first_steps=20, rounds=2, steps=15)
    problem = problem_named("second_order_bvp")
    pinn = train_pinn(problem, plan, seed=0)
    points = np.linspace(0, 1, 501)[:, None]
    error = rms(pinn.predict(points) - problem.reference(torch.from_numpy(points), problem.values).numpy())
    assert 0 < error <= pinn.error
    assert train_pinn(replace(problem, stability=None), plan, seed=0).error is None
