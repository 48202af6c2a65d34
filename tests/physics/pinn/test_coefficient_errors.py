"""Standard errors of estimated coefficients: those of least squares on the closed form, and they cover the truth."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import curve_fit

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.measurements import measured_on_reference
from fieldwright.physics.equations.problem import Problem, Unknown
from fieldwright.physics.pinn.coefficient_errors import coefficient_estimates
from fieldwright.physics.pinn.corrected_network import corrected
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.network import SolutionNetwork
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.noise_weights import MOST, SHARE, weighed_by_noise
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

DECAY = Problem(
    name="decay",
    coordinates=("t",),
    outputs=("u",),
    time=dde.geometry.TimeDomain(0.0, 2.0),
    residual=lambda x, u, c: [derivative(u, x, 0) + c["rate"] * u],
    lift=lambda x, n, c: 1 + x[:, :1] * n,
    reference=lambda x, c: torch.exp(-c["rate"] * x[:, :1]),
    unknowns=(Unknown("rate", 1.3, 0.5, 3.0),),
)
HEAT = Problem(
    name="heat",
    coordinates=("x", "t"),
    outputs=("u",),
    geometry=dde.geometry.Interval(0.0, 1.0),
    time=dde.geometry.TimeDomain(0.0, 1.0),
    residual=lambda x, u, c: [derivative(u, x, 1) - c["D"] * derivative(u, x, 0, 0)],
    lift=lambda x, n, c: torch.sin(torch.pi * x[:, :1]) + x[:, 1:2] * x[:, :1] * (1 - x[:, :1]) * n,
    reference=lambda x, c: torch.exp(-c["D"] * torch.pi**2 * x[:, 1:2]) * torch.sin(torch.pi * x[:, :1]),
    unknowns=(Unknown("D", 0.1, 0.02, 0.4),),
)
OSCILLATOR = Problem(
    name="oscillator",
    coordinates=("t",),
    outputs=("u",),
    time=dde.geometry.TimeDomain(0.0, 6.0),
    residual=lambda x, u, c: [
        derivative(u, x, 0, 0) + 2 * c["d"] * derivative(u, x, 0) + (c["w"] ** 2 + c["d"] ** 2) * u
    ],
    lift=lambda x, n, c: 1 - c["d"] * x[:, :1] + x[:, :1] ** 2 / (1 + x[:, :1] ** 2) * n,
    reference=lambda x, c: torch.exp(-c["d"] * x[:, :1]) * torch.cos(c["w"] * x[:, :1]),
    unknowns=(Unknown("d", 0.2, 0.05, 0.5), Unknown("w", 1.7, 1.2, 2.2)),
)
SHORT = TrainingPlan(Architecture((8,)), Sampling(60), first_steps=10, rounds=3, steps=20)
LONG = TrainingPlan(Architecture((12,)), Sampling(150), first_steps=10, rounds=4, steps=20, tolerance=1e-3)


def by_hand(problem, measured):
    """Estimates and standard errors of least squares on the closed form."""

    def model(_, *c):
        values = dict(zip(problem.values, c, strict=True))
        return problem.reference(torch.from_numpy(measured.inputs), values).numpy().ravel()

    start = list(problem.values.values())
    values, covariance = curve_fit(model, measured.inputs[:, 0], measured.values[:, 0], p0=start)
    return values, np.sqrt(np.diag(covariance))


@pytest.mark.parametrize(
    ("problem", "plan", "n", "seeds"),
    [
        pytest.param(DECAY, SHORT, 30, 6, id="decay, few"),
        pytest.param(DECAY, SHORT, 30, 20, id="decay", marks=pytest.mark.slow),
        pytest.param(HEAT, LONG, 60, 20, id="diffusivity", marks=pytest.mark.slow),
        pytest.param(OSCILLATOR, LONG, 40, 20, id="two coefficients", marks=pytest.mark.slow),
    ],
)
def test_the_standard_error_is_that_of_the_closed_form_and_covers_the_truth(problem, plan, n, seeds):
    names = tuple(problem.values)
    held = np.zeros(len(names))
    scale = problem.scale(problem.points(500, np.random.default_rng(0)))
    for seed in range(seeds):
        measured = measured_on_reference(problem, n, 0.1, seed)
        pinn = train_pinn(problem, plan, seed, estimated=names, measured=measured)
        assert pinn.measured is not None
        correction = corrected(pinn.network, np.zeros(0), scale, pinn.measured)
        found = coefficient_estimates(correction, scale, pinn.measured)
        for i, (name, value, std) in enumerate(zip(names, *by_hand(problem, measured), strict=True)):
            assert abs(found[name].std - std) < 0.1 * std
            assert abs(found[name].value - value) < 0.3 * std
            held[i] += abs(found[name].value - problem.values[name]) <= 1.96 * found[name].std
    # With 95 % each, fewer than 16 of 20 have a chance of 0.3 %, and fewer than 4 of 6 one of 0.2 %.
    assert (held >= {6: 4, 20: 16}[seeds]).all()


def test_stated_noise_decides_the_standard_error():
    measured = measured_on_reference(DECAY, 30, 0.1, 0)
    pinn = train_pinn(DECAY, SHORT, 0, estimated=("rate",), measured=measured)
    scale = DECAY.scale(DECAY.points(500, np.random.default_rng(0)))
    stds = []
    assert pinn.measured is not None
    for noise in (None, 0.01, 0.03):
        stated = replace(pinn.measured, noise=noise)
        correction = corrected(pinn.network, np.zeros(0), scale, stated)
        found = coefficient_estimates(correction, scale, stated)["rate"]
        assert noise is None or found.noise == (noise,)
        stds.append(found.std / found.noise[0])
    # The error is in proportion to the noise, whoever tells it.
    np.testing.assert_allclose(stds, stds[0], rtol=1e-9)


def test_weights_follow_from_the_noise_whatever_the_unit():
    network = SolutionNetwork(DECAY, Architecture((8,)), 0, estimated=("rate",))
    measured = measured_on_reference(DECAY, 400, 0.0, 0)
    spread = measured.values.std()
    rough = weighed_by_noise(network, measured, 1e-3).weights[0]
    # A misfit as large as the spread is one of a rough network: it is not hidden by a small stated noise.
    assert weighed_by_noise(network, replace(measured, noise=1e-6), 1e-3).weights[0] == rough
    noise = 4 * spread
    stated = weighed_by_noise(network, replace(measured, noise=noise), 1e-3)
    assert stated.weights[0] == pytest.approx(400**0.5 * SHARE * 1e-3 / (noise * spread))
    with torch.no_grad():
        exact = replace(measured, values=network(torch.from_numpy(measured.inputs)).numpy())
    assert weighed_by_noise(network, exact, 1e-3).weights[0] == pytest.approx(MOST / exact.values.var())
    for factor in (1e-6, 1e6):
        scaled = replace(measured, values=factor * measured.values)
        assert scaled.weights * factor**2 == pytest.approx(measured.weights)


def test_noise_leaves_a_residual_within_the_tolerance_at_every_size():
    """With noise from a thousandth to three tenths of the signal, one plan converges, and no weight was chosen."""
    plan = replace(SHORT, rounds=8, steps=20, tolerance=2e-3)
    for noise in (0.001, 0.03, 0.3):
        measured = measured_on_reference(DECAY, 30, noise, 3)
        pinn = train_pinn(DECAY, plan, 0, estimated=("rate",), measured=measured)
        assert pinn.verdict == "converged"
        (value,), (std,) = by_hand(DECAY, measured)
        assert abs(pinn.estimates["rate"] - value) < 0.5 * std + 1e-3
