"""Domains as plain data agree with DeepXDE's own answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fieldwright.physics.equations.problem import Problem
from fieldwright.physics.pinn.deepxde_torch import dde
from fieldwright.surrogates.equations.region import Region

geometry = dde.geometry
SQUARE = geometry.Rectangle([0.0, 0.0], [2.0, 1.0])


def problem(shape, time=None) -> Problem:
    names = ("x", "y", "z")[: shape.dim] + (() if time is None else ("t",))
    return Problem(
        name="p", coordinates=names, outputs=("u",), residual=lambda x, u, c: [u], geometry=shape, time=time
    )


@pytest.mark.parametrize(
    "shape",
    [
        geometry.Interval(-1.0, 2.0),
        SQUARE,
        geometry.Disk([0.5, 0.5], 0.4),
        geometry.Sphere([0.0, 0.0, 1.0], 2.0),
        SQUARE - geometry.Disk([1.0, 0.5], 0.3),
        SQUARE | geometry.Disk([2.0, 0.5], 0.5),
        SQUARE & geometry.Disk([2.0, 0.5], 0.5),
    ],
)
def test_the_same_points_lie_inside_as_deepxde_says(shape):
    region = Region.restore(json.loads(json.dumps(Region.of(problem(shape)).state())))
    low, high = (np.array(corner, dtype=float) for corner in shape.bbox)
    points = low + (high - low) * (1.2 * np.random.default_rng(0).random((500, shape.dim)) - 0.1)
    assert region.exact
    np.testing.assert_array_equal(region.inside(points), shape.inside(points))
    assert 0 < region.inside(points).sum() < 500


def test_time_bounds_the_region_and_its_ends_belong_to_it():
    region = Region.of(problem(geometry.Interval(0.0, 1.0), geometry.TimeDomain(0.0, 3.0)))
    points = np.array([[0.0, 0.0], [1.0, 3.0], [0.5, 3.01], [-0.01, 1.0]])
    np.testing.assert_array_equal(region.inside(points), [True, True, False, False])


def test_a_shape_that_is_not_known_stands_as_its_box_and_says_so():
    region = Region.of(problem(geometry.Triangle([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])))
    assert not region.exact
    np.testing.assert_array_equal(region.inside(np.array([[0.9, 0.9], [1.1, 0.5]])), [True, False])


def test_nothing_is_left_where_the_edges_of_a_shape_and_of_what_is_taken_from_it_touch():
    square = dde.geometry.Rectangle([-1.0, -1.0], [1.0, 1.0])
    corner = dde.geometry.Rectangle([0.0, -1.0], [1.0, 0.0])
    problem = Problem(
        name="l",
        coordinates=("x", "y"),
        outputs=("u",),
        geometry=dde.geometry.CSGDifference(square, corner),
        residual=lambda x, u, c: [u],
    )
    region = Region.of(problem)
    outside = np.array([[1.0, -1.0], [1.0, -0.5], [0.5, -1.0], [0.5, -0.5]])
    inside = np.array(
        [[0.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.5, 0.0], [0.0, -0.5], [-1.0, -1.0], [1.0, 1.0]]
    )
    assert not region.inside(outside).any()
    assert region.inside(inside).all()
