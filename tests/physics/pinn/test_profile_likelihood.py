"""Intervals by profile likelihood are those of the closed form, also where chi^2 is far from a parabola."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2, t

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.measurements import measured_on_reference
from fieldwright.physics.equations.problem import Problem, Unknown
from fieldwright.physics.pinn.coefficient_errors import coefficient_estimates
from fieldwright.physics.pinn.corrected_network import corrected
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train_pinn
from fieldwright.physics.pinn.profile_likelihood import LEAST_NOISE, profile_intervals
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
SHORT = TrainingPlan(Architecture((8,)), Sampling(60), first_steps=10, rounds=3, steps=20)


def interval_of(measured):
    """The interval of a trained network's rate."""
    pinn = train_pinn(DECAY, SHORT, 0, estimated=("rate",), measured=measured)
    assert pinn.measured is not None
    scale = DECAY.scale(DECAY.points(500, np.random.default_rng(0)))
    correction = corrected(pinn.network, np.zeros(0), scale, pinn.measured)
    estimates = coefficient_estimates(correction, scale, pinn.measured)
    return profile_intervals(correction, estimates, scale, pinn.measured)["rate"]


def by_hand(measured):
    """The interval of the closed form exp(-rate t), and its best rate."""
    times, values = measured.inputs[:, 0], measured.values[:, 0]

    def misfit(rate):
        return np.sum((np.exp(-rate * times) - values) ** 2)

    best = minimize_scalar(misfit, bounds=(0.1, 5.0), method="bounded", options={"xatol": 1e-10}).x
    if measured.noise is None:
        limit = misfit(best) * (1 + t.ppf(0.975, len(times) - 1) ** 2 / (len(times) - 1))
    else:
        limit = misfit(best) + measured.noise**2 * chi2.ppf(0.95, 1)
    ends = (brentq(lambda rate: misfit(rate) - limit, best, best + far) for far in (-4.0, 4.0))
    return *ends, best


@pytest.mark.parametrize(
    ("n", "noise", "stated"),
    [
        pytest.param(30, 0.1, None, id="noise of the misfit"),
        pytest.param(10, 0.6, 0.15, id="stated noise, few values"),
    ],
)
def test_the_interval_is_that_of_the_closed_form(n, noise, stated):
    measured = replace(measured_on_reference(DECAY, n, noise, 1), noise=stated)
    low, high = interval_of(measured)
    by_hand_low, by_hand_high, best = by_hand(measured)
    width = by_hand_high - by_hand_low
    assert abs(low - by_hand_low) < 0.02 * width
    assert abs(high - by_hand_high) < 0.02 * width
    if stated is not None:
        # An interval of the standard error is symmetric, and would miss these ends.
        assert by_hand_high - best > 1.5 * (best - by_hand_low)


def test_exact_values_give_the_interval_of_the_least_noise():
    measured = measured_on_reference(DECAY, 30, 0.0, 1)
    low, high = interval_of(replace(measured, noise=1e-12))
    by_hand_low, by_hand_high, _ = by_hand(
        replace(measured, noise=float(LEAST_NOISE * measured.values.std()))
    )
    assert low == pytest.approx(by_hand_low, abs=0.02 * (by_hand_high - by_hand_low))
    assert high == pytest.approx(by_hand_high, abs=0.02 * (by_hand_high - by_hand_low))


def test_an_end_is_open_that_measurements_leave_open():
    """Values at so late a time that every fast decay agrees with them bound the rate from below alone."""
    late = measured_on_reference(DECAY, 8, 0.0, 0)
    inputs = np.linspace(1.8, 2.0, 8)[:, None]
    measured = replace(late, inputs=inputs, values=np.exp(-1.3 * inputs), noise=0.3)
    low, high = interval_of(measured)
    rise = chi2.ppf(0.95, 1) * 0.3**2

    def excess(rate):
        return np.sum((np.exp(-rate * inputs) - measured.values) ** 2) - rise

    assert excess(3.0) < 0
    assert high is None
    assert low == pytest.approx(brentq(excess, 0.3, 1.3), abs=0.02)
