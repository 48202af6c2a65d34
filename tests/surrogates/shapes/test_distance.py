"""The grid, and what a signed distance must be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import ModelError, QueryError
from fieldwright.physics.solvers.shapes import ellipse, placed, regular_polygon, signed_distance
from fieldwright.surrogates.shapes.descriptors import descriptor_names, descriptors
from fieldwright.surrogates.shapes.distance import (
    centring,
    checked_distance,
    distance_of_outline,
    roll_images,
)
from fieldwright.surrogates.shapes.grid import Grid

Y, X = np.mgrid[:20, :30] * 0.5
POINTS = np.stack([X.ravel(), Y.ravel(), np.zeros(X.size)], axis=1)
GRID = Grid.of(POINTS, {"y"})


def circle(x: float = 6.0, y: float = 5.0, radius: float = 2.0) -> np.ndarray:
    return np.hypot(X - x, Y - y) - radius


def test_a_grid_is_found_in_points_of_any_order():
    order = np.random.default_rng(0).permutation(len(POINTS))
    grid = Grid.of(POINTS[order])
    assert (grid.shape, grid.axes) == ((20, 30), "yx")
    values = (POINTS[:, 0] + 100.0 * POINTS[:, 1])[order][None, :, None]
    assert np.array_equal(grid.images(values)[0, 0], X + 100.0 * Y)
    assert np.array_equal(grid.values(grid.images(values)), values)


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (POINTS[:-1], "one regular grid"),
        (POINTS + np.array([0.0, 0.0, 1.0]) * np.arange(len(POINTS))[:, None], "spread along 3 axes"),
        (POINTS**2, "uneven steps along y"),
    ],
)
def test_points_that_are_no_grid_are_refused(points, says):
    with pytest.raises(ModelError, match=says):
        Grid.of(points)


def test_a_periodic_axis_must_be_one_of_the_grid():
    with pytest.raises(ModelError, match="'periodic' must name axes of the grid, x or y"):
        Grid.of(POINTS, {"z"})


@pytest.mark.parametrize(
    ("distance", "says"),
    [
        (circle()[:, :-1], "size of the grid, 20 rows of 30 values. Got the size 20 x 29"),
        (
            np.where(X == 3.0, np.nan, circle()),
            "finite number. Got NaN or infinity at 20 points, the first in row 0",
        ),
        (circle(x=1.5), "must not touch the edge of the grid. Got one that reaches the first column"),
        (circle(y=9.0), "reaches the last row"),
        (np.abs(circle()) + 0.1, "must be negative inside the shape"),
        (3.0 * circle(), "no more than the distance between the points. Got up to 3"),
        (0.1 * circle(), "Give the distance to the outline in the unit of the grid"),
    ],
    ids=["size", "nan", "left", "top", "no body", "steep", "flat"],
)
def test_what_is_no_distance_is_said_in_a_sentence(distance, says):
    with pytest.raises(QueryError, match=says):
        checked_distance(distance, GRID)


def test_an_outline_gives_the_distance_that_its_images_across_have():
    found = distance_of_outline(placed(ellipse(4.0, 4.0, vertices=400), (6.0, 5.0)), GRID)
    exact = np.minimum(np.minimum(circle(), circle(y=-5.0)), circle(y=15.0))
    assert np.abs(found - exact).max() < 1e-3
    with pytest.raises(QueryError, match="three points"):
        distance_of_outline(np.zeros((2, 2)), GRID)


@given(st.integers(-40, 40), st.floats(3.0, 9.0), st.floats(3.5, 6.5))
def test_bodies_that_differ_by_whole_cells_get_one_frame(shift, x, y):
    one = circle(x, y)[None]
    other = np.roll(one, shift, axis=1)
    frame, again = (roll_images(image, centring(image, GRID)) for image in (one, other))
    assert np.array_equal(frame, again)
    assert np.array_equal(roll_images(frame, centring(one, GRID), back=True), one)
    assert abs(np.argwhere(frame[0] < 0.0)[:, 0].mean() - 10.0) <= 1.0


def test_descriptors_of_a_circle_and_a_plus():
    fine = Grid.of(POINTS * 0.1)
    round_one = (np.hypot(X - 7.0, Y - 5.0) - 3.0) * 0.1
    arms = np.minimum(
        *(np.maximum(np.abs(X - 7.0) - a, np.abs(Y - 5.0) - b) for a, b in ((3.0, 0.8), (0.8, 3.0)))
    )
    names = descriptor_names(fine)
    assert names == (
        "area",
        "roundness",
        "solidity",
        "asymmetry",
        "extent_y",
        "extent_x",
        "middle_y",
        "middle_x",
    )
    disc, plus = (
        dict(zip(names, row, strict=True)) for row in descriptors(np.stack([round_one, arms * 0.1]), fine)
    )
    assert disc["area"] == pytest.approx(np.pi * 0.09, rel=0.03)
    assert disc["roundness"] == pytest.approx(1.0, abs=0.15)
    assert (disc["middle_x"], disc["middle_y"]) == pytest.approx((0.7, 0.5), abs=1e-6)
    assert disc["extent_x"] == pytest.approx(0.6, abs=0.06)
    assert plus["solidity"] < 0.75 < 0.9 < disc["solidity"]
    assert plus["roundness"] < 0.7
    assert max(disc["asymmetry"], plus["asymmetry"]) < 0.02
    wedge = signed_distance(
        placed(regular_polygon(3, 6.0), (7.0, 5.0)), np.stack([X.ravel(), Y.ravel()], axis=1)
    )
    assert descriptors(0.1 * wedge.reshape(1, *X.shape), fine)[0, 3] == pytest.approx(1.0 / 3.0, abs=0.03)
