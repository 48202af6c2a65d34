"""Where cells are known, points count by the area that they stand for."""

from __future__ import annotations

import numpy as np
import pytest

import fieldwright as fw
from fieldwright.surrogates.fields.quantities import Quantity


def test_the_mean_of_a_field_on_a_graded_mesh_is_that_of_the_area() -> None:
    # Forty narrow columns in the first tenth of the unit square, nine wide ones in the rest.
    x = np.concatenate([np.linspace(0.0, 0.1, 41), np.linspace(0.1, 1.0, 10)[1:]])
    columns, y = len(x), np.linspace(0.0, 1.0, 3)
    points = np.stack([axis.ravel() for axis in np.meshgrid(x, y)], axis=1)
    corner = np.array([row * columns + k for row in range(2) for k in range(columns - 1)])
    quads = np.stack([corner, corner + 1, corner + columns + 1, corner + columns], axis=1)
    load = np.random.default_rng(0).uniform(1.0, 2.0, (20, 1))
    model = fw.fit(load, load * (1.0 + points[:, 0]), model="bayes", points=points, cells={"quad": quads})
    answer = model.surrogate.predict(np.array([[1.5]]), [], [Quantity(what="mean", field="y")])
    # The integral of 1.5 (1 + x) over the unit square; the mean of the nodes would be 1.72.
    assert answer.quantities["mean(y)"].mean[0] == pytest.approx(2.25, rel=1e-9)
