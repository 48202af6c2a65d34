"""Small models of every family but photos, trained once for all tests that serve them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

MODEL = "plate"
PARAMETERS = (ParameterInfo(name="heat_flux", unit="W/m2"), ParameterInfo(name="thickness", unit="mm"))
TIMES = (0.0, 10.0, 20.0)


def train(offset: float) -> Surrogate:
    """A surrogate of an analytic plate: temperature, steady; displacement, three times of two components."""
    rng = np.random.default_rng(7)
    x = rng.uniform([1e4, 2.0], [5e4, 8.0], size=(20, 2))
    grid = np.linspace(0.0, 1.0, 5)
    points = np.stack([*(axis.ravel() for axis in np.meshgrid(grid, grid)), np.zeros(25)], axis=1)
    lower_left = np.arange(20)[np.arange(20) % 5 != 4]
    corners = lower_left[:, None] + np.array([0, 1, 6, 5])
    heat, thickness = x[:, :1] / 1e4, x[:, 1:]
    temperature = 300.0 + offset + heat * points[:, 0] + heat**2 * points[:, 1] / thickness
    growth = np.asarray(TIMES)[None, :, None]
    along = growth * heat[:, None] * points[:, 0] / 100.0
    displacement = np.stack([along, -along * points[:, 1] / thickness[:, None]], axis=-1)
    targets = {"temperature": temperature[..., None], "displacement": displacement}
    fields = (
        FieldInfo(name="temperature", unit="K", n_points=25),
        FieldInfo(name="displacement", unit="mm", components=("x", "y"), times=TIMES, n_points=25),
    )
    config = kind_config({"kind": "bayes", "degree": 2})
    reductions = {name: reduction_config({"kind": "svd", "rank": 3}) for name in targets}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=PARAMETERS,
        fields=fields,
        points=dict.fromkeys(targets, points),
        cells={"quad": corners},
        cross_validation=cross_validate(config, reductions, x, targets, folds=4, seed=0),
        seed=0,
        name=MODEL,
    )


@pytest.fixture(scope="session")
def surrogate() -> Surrogate:
    """What version 1 predicts."""
    return train(offset=0.0)


@pytest.fixture(scope="session")
def promoted() -> Surrogate:
    """What version 2 predicts: 100 K more."""
    return train(offset=100.0)


@pytest.fixture(scope="session")
def solution() -> Any:
    """The solution of an equation that the tests of several modules serve."""
    from fieldwright.physics.equations.problems import problem_named
    from fieldwright.physics.pinn.networks.architecture import Architecture
    from fieldwright.physics.pinn.training_plan import Sampling
    from fieldwright.surrogates.equations.case import EquationCase
    from fieldwright.surrogates.equations.settings import PinnConfig
    from fieldwright.surrogates.equations.training import solve

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


@pytest.fixture(scope="session")
def shapes() -> Any:
    """A model of shapes, learned from speeds that rise with the distance to circles."""
    from fieldwright.surrogates.shapes.settings import UNetConfig
    from fieldwright.surrogates.shapes.shape_surrogate import ShapeSurrogate

    rows, columns, cell = 12, 24, 0.25
    y, x = np.mgrid[:rows, :columns] * cell
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    rng = np.random.default_rng(0)
    middles = rng.uniform([1.5, 1.1, 0.4], [3.5, 1.6, 0.7], (16, 3))
    distance = np.stack([np.hypot(points[:, 0] - a, points[:, 1] - b) - r for a, b, r in middles])
    speed = np.tanh(np.maximum(distance, 0.0))[..., None]
    surrogate, _ = ShapeSurrogate.train(
        UNetConfig(members=2, widths=(4, 8), steps=30, held_out=0.3),
        distance,
        np.zeros((16, 0)),
        {"speed": speed},
        parameters=(),
        fields=[FieldInfo(name="speed", unit="m/s", n_points=rows * columns)],
        points=points,
        unit="m",
        seed=0,
        name="circles",
    )
    return surrogate
