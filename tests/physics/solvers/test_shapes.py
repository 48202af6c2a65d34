"""Outlines of plane shapes and the signed distance to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.solvers.shapes import (
    ellipse,
    placed,
    plus,
    rectangle,
    regular_polygon,
    signed_distance,
    star,
)

PLACES = np.random.default_rng(0).uniform(-3.0, 3.0, (400, 2))
numbers = st.floats(-2.0, 2.0)


def area(outline: np.ndarray) -> float:
    x, y = outline.T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))


def test_the_distance_to_a_circle():
    found = signed_distance(ellipse(2.0, 2.0, vertices=400), PLACES)
    assert np.abs(found - (np.linalg.norm(PLACES, axis=1) - 1.0)).max() < 1e-4


def test_the_distance_to_a_rectangle():
    """max(q, 0) outside and the nearer side inside, q = |p| - half extents."""
    q = np.abs(PLACES) - [1.5, 0.5]
    exact = np.linalg.norm(np.maximum(q, 0.0), axis=1) + np.minimum(q.max(axis=1), 0.0)
    assert np.abs(signed_distance(rectangle(3.0, 1.0), PLACES) - exact).max() < 1e-12


@given(numbers, numbers, st.floats(-3.0, 3.0), st.floats(0.2, 3.0))
def test_distances_move_turn_mirror_and_scale_with_the_shape(x, y, angle, size):
    outline = star(5, 2.0)
    distance = signed_distance(outline, PLACES)
    moved = signed_distance(placed(outline, (x, y), angle), placed(PLACES, (x, y), angle))
    assert np.allclose(moved, distance, atol=1e-9)
    assert np.allclose(signed_distance(size * outline, size * PLACES), size * distance, atol=1e-9)
    assert np.allclose(signed_distance(outline * [1, -1], PLACES * [1, -1]), distance, atol=1e-9)


@given(st.integers(0, 399), st.integers(0, 399))
def test_no_distance_changes_faster_than_the_way_to_another_place(i, j):
    distance = signed_distance(plus(2.0), PLACES)
    assert abs(distance[i] - distance[j]) <= np.linalg.norm(PLACES[i] - PLACES[j]) + 1e-12


@pytest.mark.parametrize(
    ("outline", "exact"),
    [
        (ellipse(2.0, 4.0, vertices=400), 2.0 * np.pi),
        (rectangle(2.0, 3.0), 6.0),
        (regular_polygon(3, 2.0), 0.75 * np.sqrt(3.0)),
        (plus(2.0, 0.4), 2 * 2.0 * 0.8 - 0.8**2),
        (star(4, 2.0, waist=0.5), 4 * 0.5 * np.sin(np.pi / 4)),
    ],
    ids=["ellipse", "rectangle", "triangle", "plus", "star"],
)
def test_the_area_by_the_outline_and_by_counting_the_inside(outline, exact):
    assert area(outline) == pytest.approx(exact, rel=1e-3)
    step = 0.02
    axis = np.arange(-2.5, 2.5, step) + 0.5 * step
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    assert np.sum(signed_distance(outline, grid) < 0.0) * step**2 == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize(
    ("outline", "says"),
    [
        (np.zeros((2, 2)), "three points"),
        (np.array([[0.0, 0.0], [1.0, 0.0], [np.nan, 1.0]]), "finite"),
        (np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]), "enclose an area"),
    ],
)
def test_an_outline_that_is_none_is_refused(outline, says):
    with pytest.raises(FieldwrightError, match=says):
        signed_distance(outline, PLACES)
