"""The estimated error of a solution: it is the true one where that is known, and it stands in the band."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.problem import Problem, Unknown
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.corrected_network import corrected
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.equations.training import solve

ROUGH = TrainingPlan(Architecture((10,)), Sampling(300), first_steps=30, rounds=2, steps=15, tolerance=1e-9)


def rms(values):
    return float(np.sqrt(np.mean(values**2)))


@pytest.mark.parametrize(
    ("name", "varied", "within"),
    [
        ("second_order_bvp", "a", 0.01),
        pytest.param("van_der_pol", "m", 0.05, marks=pytest.mark.slow),
        ("damped_oscillator", "w0", 0.01),
        pytest.param("lotka_volterra", "a", 0.05, marks=pytest.mark.slow),
        pytest.param("heat_high_frequency", "D", 0.1, marks=pytest.mark.slow),
    ],
)
def test_the_correction_tells_the_true_error_at_each_value_of_a_parameter(name, varied, within):
    problem = problem_named(name)
    pinn = train_pinn(problem, ROUGH, 0, varied=(varied,))
    info = problem.unknown(varied)
    x = problem.points(500, np.random.default_rng(1))
    for value in (info.low, 0.3 * info.low + 0.7 * info.high):
        correction = corrected(pinn.network, np.array([value]), problem.scale(x))
        own = pinn.predict(np.hstack([x, np.full((len(x), 1), value)]))
        true = problem.reference(torch.from_numpy(x), problem.values | {varied: value}).numpy()
        assert rms(own - true) > 1e-4 * rms(true)  # rough, so that there is something to tell
        assert rms(correction(x) - true) < within * rms(own - true)
        assert correction.remaining < 0.5


def duffing(x, u, c):
    return [derivative(u, x, 0, 0) + 0.1 * derivative(u, x, 0) + c["k"] * u + c["b"] * u**3]


DUFFING = Problem(
    name="duffing",
    coordinates=("t",),
    outputs=("u",),
    time=dde.geometry.TimeDomain(0.0, 10.0),
    residual=duffing,
    lift=lambda x, n, c: 1 + x[:, :1] ** 2 / (1 + x[:, :1] ** 2) * n,
    unknowns=(Unknown("k", 1.0, 0.5, 2.0), Unknown("b", 1.0, 0.0, 4.0)),
)


def true_duffing(t, k, b):
    found = solve_ivp(
        lambda _, y: [y[1], -0.1 * y[1] - k * y[0] - b * y[0] ** 3],
        (0.0, 10.0),
        [1.0, 0.0],
        t_eval=t,
        rtol=1e-10,
        atol=1e-12,
    )
    return found.y[0]


def test_a_band_holds_the_error_of_one_network():
    """u = exp(-k t) by a network too small for it: alone it has no spread, so that the estimate is the whole band."""
    decay = Problem(
        name="decay",
        coordinates=("t",),
        outputs=("u",),
        time=dde.geometry.TimeDomain(0.0, 2.0),
        residual=lambda x, u, c: [derivative(u, x, 0) + c["k"] * u],
        lift=lambda x, n, c: 1 + x[:, :1] * n,
        unknowns=(Unknown("k", 1.0, 0.5, 3.0),),
    )
    config = PinnConfig.of(replace(ROUGH, architecture=Architecture((3,)), rounds=1))
    surrogate = solve(EquationCase(decay, varied=("k",)), config, seed=0, name="decay").surrogate
    t = np.linspace(0.0, 2.0, 51)
    missed = []
    for k in (0.6, 1.7, 2.9):
        answer = surrogate.predict(t[:, None], {"k": k})
        true = np.exp(-k * t)
        error = rms(answer.mean["u"] - true)
        assert error > 1e-4
        missed.append((true < answer.lower["u"] - 1e-12) | (true > answer.upper["u"] + 1e-12))
        assert rms(answer.error["u"]) < 5 * error
    assert np.mean(missed) <= 0.1


@pytest.mark.slow
def test_a_band_holds_errors_that_all_networks_share(tmp_path):
    config = PinnConfig(
        architecture=Architecture((16,)),
        sampling=Sampling(500),
        first_steps=50,
        rounds=3,
        steps=20,
        tolerance=0.5,
        members=2,
    )
    solved = solve(EquationCase(DUFFING, varied=("b",)), config, seed=0, name="duffing")
    solved.surrogate.save(tmp_path / "kept")
    surrogate = SolutionSurrogate.load(tmp_path / "kept")
    t = np.linspace(0.0, 10.0, 101)
    missed, spread_alone = [], []
    for b in (0.15, 1.3, 2.2, 3.7):  # none of them a node of the table
        answer = surrogate.predict(t[:, None], {"b": b})
        true = true_duffing(t, 1.0, b)
        missed.append((true < answer.lower["u"]) | (true > answer.upper["u"]))
        spread_alone.append(abs(true - answer.mean["u"]) > 2 * answer.std["u"] + 1e-12)
        assert rms(answer.error["u"]) < 5 * max(rms(answer.mean["u"] - true), 1e-3)  # nor is it wide
    assert np.mean(missed) <= 0.1
    assert np.mean(spread_alone) > np.mean(missed)  # what the spread alone would have missed
    accuracy = surrogate.description.accuracy
    assert [one.parameters["b"] for one in accuracy] == pytest.approx(np.linspace(0.0, 4.0, 9))
    assert max(one.residual for one in accuracy) > 1.2 * min(one.residual for one in accuracy)


@pytest.mark.slow
def test_a_residual_that_is_large_at_one_value_alone_is_not_converged():
    config = PinnConfig.of(replace(ROUGH, tolerance=0.02, rounds=3))
    steep = replace(DUFFING, unknowns=(Unknown("k", 1.0, 0.5, 2.0), Unknown("b", 1.0, 0.0, 40.0)))
    solved = solve(EquationCase(steep, varied=("b",)), config, seed=0, name="duffing")
    assert not solved.verdict.converged


@pytest.mark.slow
def test_networks_that_converge_to_several_solutions_are_not_determined():
    free = Problem(
        name="free",
        coordinates=("x",),
        outputs=("u",),
        geometry=dde.geometry.Interval(0.0, 1.0),
        residual=lambda x, u, c: [derivative(u, x, 0, 0) + torch.pi**2 * torch.sin(torch.pi * x[:, :1])],
        lift=lambda x, n, c: x[:, :1] * n,
        determined=True,  # as its author believes
    )
    config = PinnConfig(
        architecture=Architecture((12, 12)),
        sampling=Sampling(100),
        first_steps=50,
        rounds=6,
        steps=20,
        tolerance=1e-3,
        members=2,
    )
    solved = solve(EquationCase(free), config, seed=0, name="free")
    assert [pinn.verdict for pinn in solved.pinns] == ["converged", "converged"]
    assert solved.verdict.name == "not determined"
    assert "differ by" in solved.verdict.findings[0].sign
    both = replace(free, lift=lambda x, n, c: x[:, :1] * (1 - x[:, :1]) * n)
    assert solve(EquationCase(both), config, seed=0, name="both").verdict.converged
