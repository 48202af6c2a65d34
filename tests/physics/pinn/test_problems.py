"""Every equation: its reference solves it and meets its conditions, and its lift meets them whatever the network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.conditions import SoftCondition, soft
from fieldwright.physics.equations.problems import load_problems, problem_named
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture

PROBLEMS = load_problems()
SHOCK = Path("../shared/data/pinn/burgers_shock.mat")


@pytest.fixture(params=sorted(PROBLEMS))
def problem(request):
    return PROBLEMS[request.param]


CHECKED = [name for name in sorted(PROBLEMS) if PROBLEMS[name].reference is not None]


@pytest.fixture(params=CHECKED)
def checked(request):
    return PROBLEMS[request.param]


def condition_errors(conditions, problem, solution):
    """Errors of every condition of solution(x) at points of the boundary and of the start."""
    for condition in conditions:
        if not isinstance(condition, SoftCondition):
            condition = soft(condition, problem.domain, 24)
        yield condition.error(lambda x, c: solution(x), lambda x: problem.values).detach().numpy()


def test_the_residual_of_the_reference_vanishes(checked):
    assert checked.check_reference() <= checked.reference_floor


def test_the_reference_solves_the_equation_for_other_coefficients(checked):
    points = checked.points(100, np.random.default_rng(1))
    for end in ("low", "high"):
        c = {unknown.name: getattr(unknown, end) for unknown in checked.unknowns}
        residual = checked.residual_of(checked.reference, points, c)
        assert abs(residual).max() <= 30 * checked.reference_floor * checked.scale(points)


def test_the_reference_meets_the_conditions(checked):
    solution = lambda x: checked.reference(x, checked.values)  # noqa: E731
    for error in condition_errors((*checked.conditions, *checked.soft), checked, solution):
        assert abs(error).max() <= checked.condition_floor


def test_the_lift_meets_the_conditions_whatever_the_network(problem):
    for seed, architecture in enumerate((Architecture((8,)), problem.plan.architecture)):
        network = SolutionNetwork(problem, architecture, seed)
        network.assign(3 * network.flat())
        for error in condition_errors(problem.conditions, problem, network):
            assert abs(error).max() <= problem.condition_floor


def test_soft_conditions_are_not_met_by_any_network(problem):
    network = SolutionNetwork(problem, Architecture((8,)), 0)
    for error in condition_errors(problem.soft, problem, network):
        assert abs(error).max() > 10 * problem.condition_floor


def test_points_lie_inside_and_fill_the_domain(problem):
    points = problem.points(500, np.random.default_rng(0))
    low, high = problem.bounds
    assert points.shape == (500, len(problem.coordinates))
    assert np.all((points >= low) & (points <= high))
    np.testing.assert_allclose(points.mean(axis=0), (low + high) / 2, atol=0.1 * (high - low).max())


def test_points_of_a_round_domain_lie_in_it():
    heat = PROBLEMS["heat_high_frequency"]
    round_domain = replace(heat, coordinates=("x", "y", "t"), geometry=dde.geometry.Disk([1.0, 2.0], 0.5))
    points = round_domain.points(400, np.random.default_rng(0))
    radius = np.hypot(points[:, 0] - 1, points[:, 1] - 2)
    assert radius.max() <= 0.5
    assert np.mean(radius < 0.5 / 2**0.5) == pytest.approx(
        0.5, abs=0.1
    )  # evenly: half of them in half the area
    assert 0 <= points[:, 2].min() < points[:, 2].max() <= 1


def test_a_wrong_equation_is_refused_before_training(checked):
    wrong = replace(
        checked, residual=lambda x, u, c: [r + 1e-2 * u[:, :1] for r in checked.residual(x, u, c)]
    )
    with pytest.raises(FieldwrightError, match=f"reference solution of '{checked.name}' must satisfy"):
        wrong.check_reference()


def test_a_lift_that_solves_the_equation_by_itself_is_refused():
    heat = PROBLEMS["heat_high_frequency"]
    with pytest.raises(FieldwrightError, match="must not solve the equation by itself"):
        replace(heat, lift=lambda x, network, c: 0 * x[:, :1] ** 2 * x[:, 1:2] + network).check_reference()


def test_unknown_names_are_refused_in_words():
    with pytest.raises(FieldwrightError, match=r"must be one of .*burgers.*Got 'burger'"):
        problem_named("burger")
    with pytest.raises(FieldwrightError, match=r"'burgers' must be one of its own: nu\. Got 'mu'"):
        problem_named("burgers").unknown("mu")


@pytest.mark.slow
def test_burgers_closed_form_agrees_with_the_spectral_solution():
    if not SHOCK.exists():
        pytest.skip(f"{SHOCK} is not there")
    table = scipy.io.loadmat(SHOCK)
    x, t = (grid.ravel() for grid in np.meshgrid(table["x"], table["t"], indexing="ij"))
    points = torch.from_numpy(np.stack([x, t], axis=1))
    u = PROBLEMS["burgers"].reference(points, {"nu": 0.01 / np.pi}).numpy()
    assert abs(u.reshape(table["usol"].shape) - table["usol"]).max() < 1e-10


def test_predators_and_prey_conserve_volterras_invariant():
    problem = PROBLEMS["lotka_volterra"]
    t = torch.linspace(0, 10, 400, dtype=torch.float64)[:, None]
    a, b, g, e = problem.values.values()
    prey, predators = problem.reference(t, problem.values).numpy().T
    invariant = e * prey - g * np.log(prey) + b * predators - a * np.log(predators)
    np.testing.assert_allclose(invariant, e + b, rtol=1e-10)


def test_a_beam_on_a_very_soft_foundation_sags_by_five_over_384():
    x = torch.tensor([[0.5]], dtype=torch.float64)
    sag = PROBLEMS["beam_on_elastic_foundation"].reference(x, {"stiffness": 1e-4})
    assert float(sag) == pytest.approx(5 / 384, rel=1e-5)


def test_an_oscillator_loses_its_height_by_the_logarithmic_decrement():
    problem = PROBLEMS["damped_oscillator"]
    d, w0 = problem.values["d"], problem.values["w0"]
    period = 2 * np.pi / np.sqrt(w0**2 - d**2)
    peaks = torch.tensor([[0.0], [period], [2 * period]], dtype=torch.float64)
    heights = problem.reference(peaks, problem.values).numpy().ravel()
    np.testing.assert_allclose(heights[1:] / heights[:-1], np.exp(-d * period), rtol=1e-12)
