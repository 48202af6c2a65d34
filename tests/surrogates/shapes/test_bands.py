"""Conformal factors over shapes with many dependent points, and bands by the distance to the wall."""

from __future__ import annotations

import numpy as np
import pytest

from fieldwright.surrogates.shapes.bands import WallBands, pooled_factor
from fieldwright.surrogates.shapes.error_measures import divergence
from fieldwright.surrogates.shapes.grid import Grid


def test_one_point_a_shape_is_ordinary_conformal_prediction():
    scores = np.random.default_rng(0).exponential(size=19)
    assert pooled_factor([one[None] for one in scores], 0.9) == np.sort(scores)[17]


def test_too_few_shapes_give_their_largest_score():
    assert pooled_factor([np.array([1.0]), np.array([3.0])], 0.9) == 3.0


def test_a_point_of_a_new_shape_is_covered_however_alike_points_of_a_shape_are():
    """By 0.9 to 0.9 + 1/21: each shape has an error level of its own, and shapes differ in their number of points."""
    rng = np.random.default_rng(1)

    def shape() -> np.ndarray:
        return rng.exponential() * np.abs(rng.normal(size=rng.integers(5, 200)))

    covered = []
    for _ in range(1000):
        factor = pooled_factor([shape() for _ in range(20)], 0.9)
        covered.append(np.mean(shape() <= factor))
    assert 0.885 < np.mean(covered) < 0.9 + 1.0 / 21.0 + 0.015


def test_bands_follow_errors_that_grow_towards_the_wall():
    rng = np.random.default_rng(2)
    cells = np.broadcast_to(np.arange(-4.0, 28.0), (80, 16, 32))
    size = np.where(cells < 2.0, 1.0, 0.05)[:, None]
    answers = rng.normal(size=(3, 80, 1, 16, 32)) * 0.3
    error = rng.normal(size=(80, 1, 16, 32)) * size
    half = slice(40)
    bands = WallBands.fit(answers[:, half], cells[half], answers[:, half], error[half], cells[half], [1], 0.9)
    std = bands.std(answers[:, 40:], cells[40:])
    near, far = (cells[40:] >= 0.0) & (cells[40:] < 2.0), cells[40:] >= 4.0
    assert np.mean(std[:, 0][near]) == pytest.approx(1.0, rel=0.1)
    assert np.mean(std[:, 0][far]) == pytest.approx(0.05, rel=0.1)
    within = np.abs(error[40:]) <= bands.factors(cells[40:], [1], False) * std
    # 40 shapes calibrate, which promises 0.9 to 0.9 + 1/41.
    for where in (near, far):
        assert 0.88 < np.mean(within[:, 0][where]) < 0.9 + 1.0 / 41.0 + 0.02


def test_divergence_vanishes_for_a_flow_that_conserves_mass_and_not_for_a_source():
    y, x = np.mgrid[:24, :32] * 0.1
    grid = Grid.of(np.stack([x.ravel(), y.ravel(), 0.0 * x.ravel()], axis=1))
    stream = np.stack([np.cos(x) * np.cos(y), np.sin(x) * np.sin(y)])[None]
    source = np.stack([x, y])[None]
    cells = np.ones((1, 24, 32))
    assert divergence(stream, cells, grid)[0] < 1e-12
    assert divergence(source, cells, grid)[0] == pytest.approx(np.sqrt(2.0))
