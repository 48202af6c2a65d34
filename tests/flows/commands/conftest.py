"""A study with two registered versions."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.flows.study.runs_study import Study
from fieldwright.flows.tracking.mlflow_runs import Tracking
from fieldwright.surrogates.fields.description import FieldInfo, ParameterInfo
from fieldwright.surrogates.fields.surrogate import Surrogate
from fieldwright.surrogates.reductions import reduction_config
from fieldwright.surrogates.regressors import kind_config
from fieldwright.surrogates.validation.cross_validation import cross_validate

FIELDS = [
    FieldInfo(name="stress", unit="Pa", n_points=9),
    FieldInfo(name="U", unit="m", components=("x", "y"), n_points=9),
]


def trained(offset: float) -> Surrogate:
    x = np.random.default_rng(1).uniform([1.0, 5.0], [3.0, 9.0], (16, 2))
    side = np.linspace(0.0, 1.0, 3)
    points = np.stack([*(axis.ravel() for axis in np.meshgrid(side, side)), np.zeros(9)], axis=1)
    stress = offset + x[:, :1] * (1.0 + points[:, 0] * points[:, 1])
    bending = x[:, :1] / x[:, 1:] * points[:, 0]
    targets = {"stress": stress[..., None], "U": np.stack([bending, -0.3 * bending], axis=-1)}
    config = kind_config({"kind": "bayes", "degree": 2})
    reductions = {name: reduction_config({"kind": "svd", "rank": 1}) for name in targets}
    return Surrogate.train(
        config,
        reductions,
        x,
        targets,
        parameters=[ParameterInfo(name="load", unit="N"), ParameterInfo(name="modulus", unit="Pa")],
        fields=FIELDS,
        points=dict.fromkeys(targets, points),
        cross_validation=cross_validate(config, reductions, x, targets, folds=4, seed=0),
        seed=0,
        name="beam",
    )


@pytest.fixture
def study(make_study, tmp_path):
    """A study with two registered versions, of which the first is the champion."""
    path = make_study(1)
    tracking = Tracking(Study.load(path).tracking.uri, "beam")
    versions = []
    for number, offset in enumerate((0.0, 100.0)):
        folder = tmp_path / f"artifact_{number}"
        trained(offset).save(folder)
        with tracking.run("model") as run:
            versions.append(tracking.registry.register(folder, run.id, {}, None))
    tracking.registry.promote(versions[0])
    return path
