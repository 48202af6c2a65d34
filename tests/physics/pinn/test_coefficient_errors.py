"""Standard errors of estimated coefficients: those of least squares on the closed form, and they cover the truth."""

import numpy as np
import torch
from scipy.optimize import curve_fit

from fieldwright.physics.equations.derivative import derivative
from fieldwright.physics.equations.measurements import measured_on_reference
from fieldwright.physics.equations.problem import Problem, Unknown
from fieldwright.physics.pinn.coefficient_errors import coefficient_estimates
from fieldwright.physics.pinn.corrected_network import corrected
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn import train
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
PLAN = TrainingPlan(Architecture((8,)), Sampling(60), first_steps=10, rounds=2, steps=10)


def test_the_standard_error_is_that_of_the_closed_form_and_covers_the_truth():
    held = 0
    for seed in range(20):
        measured = measured_on_reference(DECAY, 30, 0.1, seed)
        pinn = train(DECAY, PLAN, seed, estimated=("rate",), measured=measured)
        scale = DECAY.scale(DECAY.points(500, np.random.default_rng(0)))
        correction = corrected(pinn.network, np.zeros(0), scale, measured)
        found = coefficient_estimates(correction, scale, measured)["rate"]
        t, u = measured.inputs[:, 0], measured.values[:, 0]
        (value,), covariance = curve_fit(lambda t, rate: np.exp(-rate * t), t, u, p0=[1.3])
        std = covariance[0, 0] ** 0.5
        assert abs(found.std - std) < 0.1 * std
        assert abs(found.value - value) < 0.3 * std
        held += abs(found.value - 1.3) <= 1.96 * found.std
    assert held >= 16  # of 20 with 95 % each: fewer have a chance below 0.3 %
