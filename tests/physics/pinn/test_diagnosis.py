"""Each failure of a training is named by its own sign, and a success has none of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fieldwright.physics.equations.conditions import SoftCondition
from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Problem, no_lift
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.diagnosis import findings
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.residual_rows import ResidualRows
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

LINE = dde.geometry.Interval(0.0, 1.0)


def diagnosed(problem, solution, residual, trained, scale=1.0, rows_weight=1.0):
    """Findings on a network whose output is replaced by a known solution(x)."""
    network = SolutionNetwork(
        replace(problem, lift=lambda x, n, c: solution(x) + 0 * n), Architecture((3,)), 0
    )
    held_out = network.inputs(500, np.random.default_rng(0))
    rows = ResidualRows(network, network.inputs(60, np.random.default_rng(1)), scale)
    return findings(network, held_out, residual, trained, 1e-4, scale, rows)


def test_a_problem_whose_zero_solution_meets_the_equation_is_not_solved_by_zero():
    # u' = -50 u: zero satisfies it everywhere; only the start, which counts for little here, says otherwise.
    decay = Problem(
        name="decay",
        coordinates=("t",),
        outputs=("u",),
        residual=lambda x, u, c: [derivative(u, x, 0) + 50 * u],
        reference=lambda x, c: torch.exp(-50 * x[:, :1]),
        lift=no_lift,
        soft=(SoftCondition(lambda x, u, c: u - 1, np.zeros((1, 1)), weight=1e-12),),
        geometry=LINE,
    )
    plan = TrainingPlan(Architecture((5,)), Sampling(50), first_steps=50, rounds=2, steps=20, tolerance=1e-2)
    pinn = train_pinn(decay, plan, seed=0)
    x = np.linspace(0, 1, 50)[:, None]
    assert abs(pinn.predict(x)).max() < 1e-2  # it fell for zero
    assert pinn.residual < 1e-2  # and its residual alone would say success
    assert pinn.verdict == "collapsed"
    assert "lift" in pinn.findings[0].advice


def test_a_solution_that_is_constant_in_nearly_all_of_the_domain_is_a_collapse():
    problem = problem_named("damped_oscillator")
    kink = lambda x: torch.exp(-1000 * x)  # noqa: E731
    assert diagnosed(problem, kink, 0.5, 0.5)[0].name == "collapsed"


def test_a_residual_that_is_small_at_the_points_alone_shows_unresolved_frequencies():
    problem = problem_named("poisson_multiscale")
    found = diagnosed(problem, lambda x: torch.sin(2 * torch.pi * x), residual=0.9, trained=0.01)
    assert found[0].name == "unresolved frequencies"
    assert "90 times larger between the points" in found[0].sign


def test_a_network_that_knows_only_the_large_wave_shows_unresolved_frequencies():
    problem = problem_named("poisson_multiscale")
    found = diagnosed(problem, lambda x: torch.sin(2 * torch.pi * x), residual=0.9, trained=0.9)
    assert found[0].name == "unresolved frequencies"
    assert "along x" in found[0].sign
    assert "Fourier features" in found[0].advice


def test_a_wrong_large_wave_is_no_matter_of_frequencies():
    problem = problem_named("poisson_multiscale")
    both = lambda x: 0.5 * torch.sin(2 * torch.pi * x) + 0.1 * torch.sin(50 * torch.pi * x)  # noqa: E731
    assert [finding.name for finding in diagnosed(problem, both, 0.1, 0.1)] == ["not converged"]


@pytest.mark.parametrize(("weight", "name"), [(1e-6, "unbalanced losses"), (1.0, "not converged")])
def test_a_loss_that_hardly_moves_the_weights_is_named(weight, name):
    # The equation is met by u = 2 + x^2, the condition u(0) = 3 is not; its weight decides whether it is heard.
    parabola = Problem(
        name="parabola",
        coordinates=("x",),
        outputs=("u",),
        residual=lambda x, u, c: [derivative(u, x, 0) - 2 * x],
        lift=lambda x, n, c: x**2 + n,
        soft=(SoftCondition(lambda x, u, c: u - 3, np.zeros((1, 1)), weight=weight),),
        geometry=LINE,
    )
    network = SolutionNetwork(parabola, Architecture((6,)), 0)
    with torch.no_grad():
        network.weights[-2].zero_()
        network.weights[-1].fill_(2.0)
    points = network.inputs(60, np.random.default_rng(1))
    rows = ResidualRows(network, points, 1.0)
    found = findings(
        network, points, residual=0.009, trained_residual=0.009, tolerance=1e-4, scale=1.0, rows=rows
    )
    assert found[0].name == name
    assert found[-1].name == "not converged"  # whatever else it is


def test_values_that_are_no_numbers_are_never_a_success():
    problem = problem_named("damped_oscillator")
    found = diagnosed(problem, lambda x: x * torch.nan, residual=1e-9, trained=1e-9)
    assert found[0].name == "not converged"


def test_success_is_said_once_and_nothing_with_it():
    problem = problem_named("damped_oscillator")
    found = diagnosed(problem, lambda x: problem.reference(x, problem.values), residual=1e-5, trained=1e-5)
    assert [finding.name for finding in found] == ["converged"]
