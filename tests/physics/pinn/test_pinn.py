"""Physics-informed training: forward, parametric, inverse, and honest about failure."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.measurements import Measurements
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.curriculum import Curriculum
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan
from fieldwright.physics.pinn.weighting.settings import Weighting

QUICK = TrainingPlan(Architecture((12, 12)), Sampling(150), first_steps=100, rounds=4, steps=50)


@pytest.fixture(scope="module")
def solved():
    return train_pinn(problem_named("second_order_bvp"), QUICK, seed=0)


def error(pinn, points):
    return pinn.network.problem.relative_error(pinn.predict(points), points)


def test_a_boundary_value_problem_is_solved_to_its_closed_form(solved):
    assert solved.verdict == "converged"
    assert solved.residual <= QUICK.tolerance
    assert error(solved, np.linspace(0, 1, 201)[:, None]) < 1e-5


def test_training_is_determined_by_its_seed():
    plan = replace(QUICK, first_steps=10, rounds=2, steps=5)
    first, again, other = (train_pinn(problem_named("lotka_volterra"), plan, seed) for seed in (0, 0, 1))
    x = np.linspace(0, 10, 11)[:, None]
    assert np.array_equal(again.predict(x), first.predict(x))
    assert not np.array_equal(other.predict(x), first.predict(x))
    assert [residual for _, residual in again.history] == [residual for _, residual in first.history]


def test_training_leaves_torchs_settings_alone(solved):
    assert torch.get_default_dtype() == torch.float32
    assert torch.get_default_device().type == "cpu"
    assert solved.network.flat().dtype == torch.float64


def test_the_weights_restore_the_solution_bit_by_bit(solved):
    fresh = SolutionNetwork(solved.network.problem, QUICK.architecture, seed=9)
    fresh.restore(solved.network.state())
    x = torch.linspace(0, 1, 7, dtype=torch.float64)[:, None]
    assert torch.equal(fresh(x), solved.network(x))


@pytest.mark.slow
def test_one_network_solves_the_equation_for_a_range_of_coefficients():
    problem = problem_named("second_order_bvp")
    pinn = train_pinn(problem, replace(QUICK, sampling=Sampling(250), tolerance=1e-3), seed=0, varied=("a",))
    assert pinn.verdict == "converged"
    x = np.linspace(0, 1, 51)[:, None]
    for a in (1.2, 3.0, 4.0, 7.8):
        u = pinn.predict(np.hstack([x, np.full_like(x, a)]))
        assert problem.relative_error(u, x, {"a": a, "b": 2.0}) < 1e-4


@pytest.mark.slow
def test_coefficients_are_estimated_from_few_measurements():
    problem = problem_named("second_order_bvp")
    x = np.linspace(0.1, 0.9, 9)[:, None]
    truth = {"a": 3.2, "b": -1.1}
    values = problem.reference(torch.from_numpy(x), truth).numpy()
    pinn = train_pinn(problem, QUICK, seed=0, estimated=("a", "b"), measured=Measurements(x, values))
    assert pinn.estimates == pytest.approx(truth, rel=1e-3)


def test_an_estimate_without_measurements_is_refused():
    with pytest.raises(FieldwrightError, match="Measurements must be given to estimate a"):
        train_pinn(problem_named("second_order_bvp"), QUICK, seed=0, estimated=("a",))


def test_too_little_training_is_not_called_success():
    pinn = train_pinn(problem_named("damped_oscillator"), replace(QUICK, first_steps=5, rounds=0), seed=0)
    assert pinn.verdict == "not converged"
    assert pinn.residual > 0.1


def test_a_constant_solution_is_named_a_collapse():
    problem = problem_named("second_order_bvp")
    stuck = replace(
        problem,
        lift=lambda x, network, c: 1 + 1e-6 * x**2 * (1 - x) ** 2 * network,
        conditions=(),
        reference=None,
    )
    pinn = train_pinn(stuck, replace(QUICK, first_steps=20, rounds=0), seed=0)
    assert pinn.verdict == "collapsed"


def test_progress_tells_every_stage():
    seen = []
    plan = replace(QUICK, first_steps=5, rounds=2, steps=2)
    pinn = train_pinn(problem_named("damped_oscillator"), plan, seed=0, progress=seen.append)
    assert [progress.stage for progress in seen] == ["Adam", "round 1", "round 2"]
    assert [progress.residual for progress in seen] == [residual for _, residual in pinn.history]
    assert pinn.residual == min(progress.residual for progress in seen)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "plan", "accuracy"),
    [
        ("damped_oscillator", TrainingPlan(Architecture((20, 20)), Sampling(500), tolerance=3e-5), 1e-4),
        ("lotka_volterra", TrainingPlan(Architecture((20, 20)), Sampling(500)), 1e-4),
        (
            "beam_on_elastic_foundation",
            TrainingPlan(Architecture((16, 16)), Sampling(300), first_steps=100),
            1e-5,
        ),
        ("heat_high_frequency", TrainingPlan(Architecture((20, 20))), 1e-3),
        ("poisson_multiscale", TrainingPlan(Architecture((20, 20)), tolerance=3e-5), 1e-3),
        ("burgers", TrainingPlan(sampling=Sampling(2000)), 1e-3),
    ],
)
def test_harder_equations_are_solved_to_their_references(name, plan, accuracy):
    problem = problem_named(name)
    assert error(train_pinn(problem, plan, seed=0), problem.points(4000, np.random.default_rng(1))) < accuracy


SMALL = TrainingPlan(Architecture((8,)), Sampling(60), first_steps=60, rounds=4, steps=40, tolerance=1e-3)


@pytest.mark.parametrize(
    "optimiser", ["levenberg_marquardt", "natural_gradient", "gauss_newton", "ssbroyden", "lbfgs"]
)
def test_every_optimiser_of_rounds_solves_an_easy_equation(optimiser):
    problem = problem_named("second_order_bvp")
    pinn = train_pinn(problem, replace(SMALL, optimiser=optimiser, rounds=8), seed=0)
    assert pinn.verdict == "converged"
    assert (pinn.optimiser, pinn.why) == (optimiser, "the plan names it")
    assert error(pinn, np.linspace(0, 1, 101)[:, None]) < 1e-3


@pytest.mark.parametrize("first", ["adam", "soap"])
def test_first_optimisers_lower_the_residual_alone(first):
    plan = replace(SMALL, first=first, first_steps=300, first_rate=1e-2, look_every=100, rounds=0)
    pinn = train_pinn(problem_named("second_order_bvp"), plan, seed=0)
    residuals = [residual for _, residual in pinn.history]
    assert len(residuals) == 3
    assert residuals[2] < residuals[0] / 2 < 0.5


@pytest.mark.slow
def test_rounds_of_soap_go_on_as_one_run_of_it():
    same = replace(SMALL, sampling=Sampling(60, kind="fixed"), first="soap", steps=50)
    first = train_pinn(problem_named("second_order_bvp"), replace(same, first_steps=100, rounds=0), seed=0)
    rounds = replace(same, first_steps=0, rounds=2, optimiser="soap")
    assert torch.equal(
        train_pinn(problem_named("second_order_bvp"), rounds, seed=0).network.flat(), first.network.flat()
    )


@pytest.mark.parametrize(
    "switches",
    [
        {"sampling": Sampling(60, kind="fixed")},
        {"sampling": Sampling(60, kind="even")},
        {"sampling": Sampling(60, kind="rar", added=0.2)},
        {"weighting": Weighting(attention=0.01)},
        {"weighting": Weighting(causal=(1e-2, 1e-1))},
        {"curriculum": Curriculum(parts=2, marching=True, coefficients={"w0": 10.0})},
    ],
    ids=["fixed", "even", "rar", "attention", "causal", "curriculum"],
)
def test_every_switch_of_training_reaches_the_solution(switches):
    problem = problem_named("damped_oscillator")
    slow = replace(problem, unknowns=tuple(replace(u, value=u.value / 4, low=0.0) for u in problem.unknowns))
    pinn = train_pinn(slow, replace(SMALL, rounds=5, tolerance=3e-3, **switches), seed=1)
    assert pinn.verdict == "converged"
    assert error(pinn, np.linspace(0, 1, 101)[:, None]) < 3e-3


def test_progress_tells_every_loss_and_the_time_left():
    seen = []
    plan = replace(SMALL, first_steps=20, look_every=10, rounds=2, steps=2, tolerance=1e-12)
    train_pinn(problem_named("lotka_volterra"), plan, seed=0, progress=seen.append)
    assert [progress.stage for progress in seen] == ["Adam", "Adam", "round 1", "round 2"]
    assert all(set(progress.losses) == {"equation 1", "equation 2"} for progress in seen)
    assert [progress.seconds_left is None for progress in seen] == [True, True, False, False]
    assert seen[2].seconds_left > 0
    assert seen[3].seconds_left == 0
    assert np.all(np.diff([progress.seconds for progress in seen]) > 0)


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(FieldwrightError, match="'cuda' without a GPU"):
        train_pinn(problem_named("second_order_bvp"), SMALL, seed=0, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
@pytest.mark.parametrize("name", ["heat_high_frequency", "second_order_bvp"])
def test_a_gpu_reaches_what_the_processor_reaches(name):
    plan = replace(SMALL, rounds=2, steps=10, tolerance=1e-12)
    one, other = (train_pinn(problem_named(name), plan, seed=0, device=device) for device in ("cpu", "cuda"))
    assert other.residual == pytest.approx(one.residual, rel=0.5)
