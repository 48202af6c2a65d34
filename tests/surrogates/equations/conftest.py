"""A quickly trained solution: two networks, one coefficient varied."""

from __future__ import annotations

import pytest

from fieldwright.physics.equations.problems import problem_named
from fieldwright.physics.pinn.networks.architecture import Architecture
from fieldwright.physics.pinn.training_plan import Sampling
from fieldwright.surrogates.equations.case import EquationCase
from fieldwright.surrogates.equations.settings import PinnConfig
from fieldwright.surrogates.equations.training import Solved, solve


@pytest.fixture(scope="session")
def case() -> EquationCase:
    return EquationCase(problem_named("second_order_bvp"), varied=("a",), units={"x": "m", "u": "K"})


@pytest.fixture(scope="session")
def quick() -> PinnConfig:
    """Good to a few per cent within a second."""
    return PinnConfig(
        architecture=Architecture((8,)),
        sampling=Sampling(80),
        first_steps=20,
        rounds=3,
        steps=30,
        tolerance=0.2,
        members=2,
    )


@pytest.fixture(scope="session")
def solved(case: EquationCase, quick: PinnConfig) -> Solved:
    return solve(case, quick, seed=0, name="beam")
