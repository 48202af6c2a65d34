"""What the physics tests share: one plate solver and one set of parameters."""

import pytest

from fieldwright.physics.solvers.plate import PlateParameters
from fieldwright.physics.solvers.plate_solver import PlateSolver


@pytest.fixture(scope="session")
def solver() -> PlateSolver:
    return PlateSolver()


@pytest.fixture(scope="session")
def nominal() -> PlateParameters:
    return PlateParameters(
        heat_flux=1e4, convection=1e3, conductivity=50.0, youngs_modulus=210e9, expansion=12e-6
    )
