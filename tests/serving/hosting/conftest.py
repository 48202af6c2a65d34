"""The solution of an equation that the tests of several modules serve."""

from __future__ import annotations

import pytest

from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.solution_surrogate import SolutionSurrogate
from fieldwright.surrogates.equations.training import solve


@pytest.fixture(scope="session")
def solution() -> SolutionSurrogate:
    case = EquationCase(problem_named("second_order_bvp"), varied=("a",), units={"x": "m", "u": "K"})
    config = PinnConfig(
        architecture=Architecture((6,)),
        sampling=Sampling(60),
        first_steps=10,
        rounds=2,
        steps=20,
        tolerance=0.5,
        members=2,
    )
    return solve(case, config, seed=0, name="beam").surrogate
