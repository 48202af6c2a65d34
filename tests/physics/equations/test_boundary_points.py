"""Even points of boundaries: as many on every stretch as its exact length or area says, with outward normals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ellipe

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.equations.boundary_points import boundary_points
from fieldwright.physics.equations.bounding_box import bounding_box
from fieldwright.physics.equations.conditions import soft
from fieldwright.physics.equations.domain_edges import edges_of, even_points
from fieldwright.physics.pinn.deepxde_torch import dde

G: Any = dde.geometry
SQUARE = G.Rectangle([0, 0], [1, 1])


def radius(centre, r):
    return lambda x: abs(np.hypot(*(x - centre).T) - r) < 1e-9


def line(axis, value, low=-99.0, high=99.0):
    return lambda x: (abs(x[:, axis] - value) < 1e-9) & (x[:, 1 - axis] > low) & (x[:, 1 - axis] < high)


# Every shape with its stretches: which points are of it, and its exact length.
CAP = 2 * np.arccos(0.5 / 0.8)  # angle of a circle of radius 0.8 beyond a line 0.5 from its middle
LENS = 4 * np.arccos(0.5)  # of both arcs of two unit circles, one apart, within each other, halved
PLANE = {
    "a plate with a small and a large hole": (
        G.Rectangle([0, 0], [4, 1]) - G.Disk([1, 0.5], 0.05) - G.Disk([3, 0.5], 0.4),
        [
            (line(0, 0.0), 1),
            (line(0, 4.0), 1),
            (line(1, 0.0), 4),
            (line(1, 1.0), 4),
            (radius([1, 0.5], 0.05), 0.1 * np.pi),
            (radius([3, 0.5], 0.4), 0.8 * np.pi),
        ],
    ),
    "a slot cut in from the edge": (
        G.Rectangle([-2, -1], [2, 0]) - G.Disk([0, -0.5], 0.8),
        [
            (line(1, 0.0), 4 - 2 * 0.8 * np.sin(CAP / 2)),
            (line(1, -1.0), 4 - 2 * 0.8 * np.sin(CAP / 2)),
            (line(0, -2.0), 1),
            (line(0, 2.0), 1),
            (radius([0, -0.5], 0.8), 0.8 * (2 * np.pi - 2 * CAP)),
        ],
    ),
    "two discs as one": (
        G.Disk([0, 0], 1.0) | G.Disk([1, 0], 1.0),
        [(radius([0, 0], 1), 2 * np.pi - LENS / 2), (radius([1, 0], 1), 2 * np.pi - LENS / 2)],
    ),
    "what two discs share": (
        G.Disk([0, 0], 1.0) & G.Disk([1, 0], 1.0),
        [(radius([0, 0], 1), LENS / 2), (radius([1, 0], 1), LENS / 2)],
    ),
    "an L of two boxes whose edges overlap": (
        G.Rectangle([0, 0], [2, 1]) | G.Rectangle([0, 0], [1, 2]),
        [
            (line(1, 0.0), 2),
            (line(0, 0.0), 2),
            (line(0, 2.0), 1),
            (line(1, 2.0), 1),
            (line(0, 1.0), 1),
            (line(1, 1.0), 1),
        ],
    ),
    "an L as a box without its corner": (
        G.Rectangle([0, 0], [2, 2]) - G.Rectangle([1, 1], [2, 2]),
        [
            (line(1, 0.0), 2),
            (line(0, 0.0), 2),
            (line(0, 2.0), 1),
            (line(1, 2.0), 1),
            (line(0, 1.0), 1),
            (line(1, 1.0), 1),
        ],
    ),
    "boxes side by side": (
        G.Rectangle([0, 0], [1, 1]) | G.Rectangle([1, 0], [3, 1]),
        [(line(1, 0.0), 3), (line(1, 1.0), 3), (line(0, 0.0), 1), (line(0, 3.0), 1), (line(0, 1.0), 0)],
    ),
    "a turned square with a hole": (
        G.Polygon([[0, -1], [1.2, 0], [0, 1], [-1, 0]]) - G.Disk([0, 0], 0.25),
        [
            (radius([0, 0], 0.25), 0.5 * np.pi),
            (lambda x: x[:, 0] > 0.25, 2 * np.hypot(1, 1.2) * (1 - 0.25 / 1.2)),
            (
                lambda x: (x[:, 0] <= 0.25) & (np.hypot(*x.T) > 0.26),
                2 * np.hypot(1, 1.2) * 0.25 / 1.2 + 2 * 2**0.5,
            ),
        ],
    ),
    "half of a turned ellipse": (
        G.Ellipse([0, 0], 3.0, 1.0, angle=0.0) & G.Rectangle([0, -2], [4, 2]),
        [(line(0, 0.0), 2), (lambda x: x[:, 0] > 1e-9, 6 * ellipe(1 - 1 / 9))],
    ),
    "a triangle": (
        G.Triangle([0, 0], [3, 0], [0, 4]),
        [(line(1, 0.0), 3), (line(0, 0.0), 4), (lambda x: (x > 1e-9).all(axis=1), 5)],
    ),
    "a flat box": (
        G.Rectangle([0, 0], [10, 0.5]),
        [(line(1, 0.0), 10), (line(1, 0.5), 10), (line(0, 0.0), 0.5), (line(0, 10.0), 0.5)],
    ),
}


@pytest.mark.parametrize("name", PLANE)
@pytest.mark.parametrize("n", [64, 400])
def test_a_stretch_has_its_share_of_the_points_by_arc_length(name, n):
    shape, stretches = PLANE[name]
    points, normals = boundary_points(shape, n)
    total = sum(length for _, length in stretches)
    assert len(points) == pytest.approx(n, abs=6)
    for within, length in stretches:
        assert np.count_nonzero(within(points)) == pytest.approx(n * length / total, abs=2.5)
    ahead, behind = (shape.inside(points + side * 1e-4 * normals) for side in (1, -1))
    assert behind.all()
    assert not ahead.any()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1)


def test_gaps_between_neighbours_are_alike_along_every_curve():
    star = G.StarShaped([1, 2], 1.0, [0.3, -0.2], [0.1, 0.0])
    for shape in (G.Disk([0, 0], 2.0), G.Ellipse([1, 0], 2.0, 0.3, angle=0.6), star):
        points, _ = boundary_points(shape, 300)
        gaps = np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)
        assert gaps.max() / gaps.min() < 1.15  # chords of equal arcs differ where the curve is tight


def test_areas_in_space_have_their_shares():
    """A box without balls at a corner, inside, and through a side; areas by hand."""
    box = G.Cuboid([0, 0, 0], [2, 1, 1]) - G.Sphere([0, 0, 0], 0.5) - G.Sphere([1.4, 0.5, 0.5], 0.3)
    points, normals = boundary_points(box, 1200)
    quarter = np.pi * 0.25 / 4
    areas = {
        "x0": 1 - quarter, "x1": 1, "y0": 2 - quarter, "y1": 2, "z0": 2 - quarter, "z1": 2,
        "corner": 4 * np.pi * 0.25 / 8, "ball": 4 * np.pi * 0.09,
    }  # fmt: skip
    of = {f"{'xyz'[i]}0": points[:, i] == 0 for i in range(3)}
    of |= {f"{'xyz'[i]}1": points[:, i] == (2, 1, 1)[i] for i in range(3)}
    of["corner"] = abs(np.linalg.norm(points, axis=1) - 0.5) < 1e-9
    of["ball"] = abs(np.linalg.norm(points - [1.4, 0.5, 0.5], axis=1) - 0.3) < 1e-9
    total = sum(areas.values())
    for name, area in areas.items():
        assert of[name].sum() == pytest.approx(1200 * area / total, abs=3)
    # Even on every face too: halves of the far side, and of the ball.
    ball = points[of["ball"]]
    assert np.mean(ball[:, 2] > 0.5) == pytest.approx(0.5, abs=0.05)
    assert np.mean(points[of["x1"]][:, 1] > 0.5) == pytest.approx(0.5, abs=0.05)
    assert not box.inside(points + 1e-4 * normals).any()
    assert box.inside(points - 1e-4 * normals).all()


def test_points_are_the_same_at_every_call():
    shape = SQUARE - G.Disk([0.5, 0.5], 0.2)
    ball = G.Cuboid([0, 0, 0], [1, 1, 1]) - G.Sphere([0.5, 0.5, 0.5], 0.2)
    time = G.TimeDomain(0.0, 2.0)
    for domain in (shape, ball, G.GeometryXTime(shape, time), G.GeometryXTime(ball, time)):
        first = edges_of(domain, 50)
        shape.random_points(5)  # moves the draws that DeepXDE makes
        again = edges_of(domain, 50)
        assert np.array_equal(first.points, again.points)


def test_a_boundary_that_moves_through_time_is_even_in_both():
    domain = G.GeometryXTime(SQUARE - G.Disk([0.5, 0.5], 0.2), G.TimeDomain(1.0, 3.0))
    edges = edges_of(domain, 300)
    moving, start = edges.points[edges.on_boundary], edges.points[edges.on_start]
    hole = radius([0.5, 0.5], 0.2)(moving[:, :2])
    assert np.mean(hole) == pytest.approx(0.4 * np.pi / (4 + 0.4 * np.pi), abs=0.02)
    for half in (hole, moving[:, 0] == 0):
        assert np.mean(moving[half, 2] > 2) == pytest.approx(0.5, abs=0.08)
    assert moving[:, 2].max() == 3
    assert (start[:, 2] == 1).all()
    assert domain.geometry.inside(start[:, :2]).all()
    assert np.mean(start[:, 0] > 0.5) == pytest.approx(0.5, abs=0.03)
    assert np.all(edges.normals[:, 2] == 0)


def test_composed_intervals_have_their_true_ends():
    points, normals = boundary_points(G.Interval(0, 1) | G.Interval(1, 2) | G.Interval(3, 4), 10)
    order = np.argsort(points[:, 0])
    assert points[order, 0].tolist() == [0, 2, 3, 4]
    assert normals[order, 0].tolist() == [-1, 1, -1, 1]


def test_normal_derivatives_are_right_on_edges_that_parts_share_and_on_ellipses():
    """u = x y: u_n = n . (y, x), whatever DeepXDE makes of the shape."""
    for shape in (
        PLANE["an L of two boxes whose edges overlap"][0],
        G.Ellipse([0.2, 0], 2.0, 1.0, angle=0.4),
    ):
        points, normals = boundary_points(shape, 40)
        condition = soft(dde.icbc.NeumannBC(shape, lambda x: 0 * x[:, :1], lambda _, on: on), shape, 40)
        error = condition.error(lambda x, c: x[:, :1] * x[:, 1:2], lambda x: {})
        np.testing.assert_array_equal(condition.points, points)
        expected = (normals * points[:, ::-1]).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(error.detach(), expected, atol=1e-8)


def test_boxes_hold_the_whole_of_ellipses_and_stars():
    ellipse = G.Ellipse([1, 0], 3.0, 1.0, angle=np.pi / 2)
    star = G.StarShaped([0, 0], 1.0, [-0.5], [0.0])
    for shape, low, high in ((ellipse, [0, -3], [2, 3]), (star, [-1.5, None], [None, None])):
        found = bounding_box(shape)
        for corner, wanted in zip(found, (low, high), strict=True):
            for value, one in zip(corner, wanted, strict=True):
                assert one is None or value == pytest.approx(one, abs=1e-3)
    inside = even_points(ellipse - G.Rectangle([0.9, -4], [1.1, 4]), 500)
    assert np.mean(inside[:, 1] > 0) == pytest.approx(0.5, abs=0.03)
    assert abs(inside[:, 1]).max() > 2.5


def test_an_empty_shape_is_named():
    empty = G.Disk([0, 0], 1.0) & G.Disk([5, 0], 1.0)
    with pytest.raises(FieldwrightError, match="must have an inside and a boundary"):
        boundary_points(empty, 10)
    with pytest.raises(FieldwrightError, match="must be of an interval, box, ball"):
        boundary_points(G.PointCloud(np.zeros((3, 2))), 10)
