"""A quickly trained solution: two networks, one coefficient varied."""

from __future__ import annotations

import pytest

from physics.networks.architecture import Architecture
from physics.problems import problem_named
from physics.training_plan import Sampling
from surrogates.solution.case import EquationCase
from surrogates.solution.settings import PinnConfig
from surrogates.solution.training import Solved, solve


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
