"""The demonstration plate with no word about its physics: scales, prior and powers are found by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.physics.solvers.plate import BOUNDS, PlateParameters
from fieldwright.physics.solvers.plate_solver import PlateSolver
from fieldwright.physics.solvers.sampling import sobol_points
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate


@pytest.mark.slow
def test_temperature_and_displacement_of_the_plate_need_no_hints():
    """Resistances 1/h and 1/k, the compliance 1/E and the product of flux and expansion, from 64 runs."""
    solver = PlateSolver(divisions=8)
    x = sobol_points(BOUNDS, 64, seed=0)
    runs = [solver.solve(PlateParameters(*map(float, row))) for row in x]
    targets = {
        "temperature": np.array([run.temperature for run in runs])[..., None],
        "displacement": np.array([run.displacement for run in runs]),
    }
    reductions = dict.fromkeys(targets, reduction_config({"kind": "svd", "energy": 0.99999999}))
    errors = cross_validate(kind_config({"kind": "bayes"}), reductions, x, targets, folds=5, seed=0).errors
    assert errors["temperature"]["relative_l2"].mean() < 1e-4
    assert errors["displacement"]["relative_l2"].mean() < 1e-3
