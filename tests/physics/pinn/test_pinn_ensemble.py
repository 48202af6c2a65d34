"""An ensemble of trainings: mean, spread, and no answer from failures."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.diagnosis import Finding
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.pinn_ensemble import PinnEnsemble, train_ensemble
from fieldwright.physics.pinn.training_plan import Sampling, TrainingPlan

PROBLEM = problem_named("second_order_bvp")
PLAN = TrainingPlan(Architecture((6,)), Sampling(60), first_steps=20, rounds=2, steps=25, tolerance=3e-3)
X = np.linspace(0, 1, 41)[:, None]


@pytest.fixture(scope="module")
def ensemble():
    return train_ensemble(PROBLEM, PLAN, (0, 1, 2))


def test_the_answer_is_mean_and_spread_of_the_members_and_the_conditions_have_none(ensemble):
    mean, std = ensemble.predict(X)
    values = np.stack([member.predict(X) for member in ensemble.members])
    np.testing.assert_allclose(mean, values.mean(axis=0))
    np.testing.assert_allclose(std, np.sqrt(((values - mean) ** 2).sum(axis=0) / 2))
    np.testing.assert_allclose(std[[0, -1]], 0, atol=1e-14)  # the lift holds them exactly
    error = abs(mean - PROBLEM.reference(torch.from_numpy(X), PROBLEM.values).numpy())
    assert error.max() < 1e-3


def test_members_that_failed_take_no_part(ensemble):
    failed = replace(ensemble.members[0], findings=(Finding("not converged", "", ""),))
    with_failure = PinnEnsemble((failed, *ensemble.members))
    np.testing.assert_array_equal(with_failure.predict(X)[0], ensemble.predict(X)[0])


def test_too_few_that_converged_are_no_ensemble():
    with pytest.raises(FieldwrightError, match=r"must converge\. Got not converged, not converged"):
        train_ensemble(PROBLEM, replace(PLAN, first_steps=1, rounds=0), (0, 1))
