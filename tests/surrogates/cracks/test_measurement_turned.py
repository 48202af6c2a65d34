"""Measured cracks are the same however the photo was held, and their bounds hold for every class of widths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree

from fieldwright.surrogates.cracks.measurement import measure

TURNS = [
    lambda a: a,
    lambda a: a[::-1],
    lambda a: a[:, ::-1],
    lambda a: a[::-1, ::-1],
    lambda a: a.T,
    lambda a: a.T[::-1],
    lambda a: a.T[:, ::-1],
    lambda a: a.T[::-1, ::-1],
]


def drawn(
    path: np.ndarray, width: np.ndarray, turn: float, offset: np.ndarray, side: int = 220
) -> np.ndarray:
    """Discs of these widths along a path (n, 2), x and y about the middle, turned by an angle in radians."""
    c, s = np.cos(turn), np.sin(turn)
    places = path @ np.array([[c, s], [-s, c]]) + side / 2 + offset
    y, x = np.mgrid[:side, :side]
    far, nearest = KDTree(places).query(
        np.stack([x.ravel(), y.ravel()], axis=1), distance_upper_bound=float(width.max())
    )
    return (far <= width[np.minimum(nearest, len(width) - 1)] / 2).reshape(side, side)


def case(seed: int, widths: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, float]:
    """A bent path (n, 2), its widths (n,), constant, growing or with a bulge, and its length with the round ends."""
    rng = np.random.default_rng(seed)
    most = rng.uniform(*widths)
    length = rng.uniform(max(60.0, 7.0 * most), 170.0)
    along = np.linspace(0.0, 1.0, int(4 * length))
    angle = rng.uniform(-1.2, 1.2) * (along - 0.5) + rng.uniform(0.0, 0.4) * np.sin(2 * np.pi * along)
    path = np.cumsum(np.stack([np.cos(angle), np.sin(angle)], axis=1) * length / len(along), axis=0)
    share = (np.ones_like(along), 0.6 + 0.4 * along, 0.6 + 0.4 * np.exp(-(((along - 0.5) / 0.15) ** 2)))[
        seed % 3
    ]
    width = most * share
    return path - path.mean(axis=0), width, length + 0.5 * float(width[0] + width[-1])


@pytest.mark.parametrize("shift", range(-1, 4))
@pytest.mark.parametrize("wide", [1, 2, 3, 5])
def test_a_crack_at_45_degrees_has_its_length_however_it_is_mirrored(wide, shift):
    mask = np.zeros((60, 70), dtype=bool)
    for k in range(40):
        mask[8 + k, 8 + k + shift : 8 + k + shift + wide] = True
    found = [measure(turn(mask)) for turn in TURNS]
    lengths = np.array([one.length.value for one in found])
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-9)
    assert lengths[0] == pytest.approx(np.sqrt(2.0) * 40.0, rel=0.04)
    assert all(one.components == 1 and one.branches == 0 for one in found)


def test_everything_that_is_measured_turns_with_the_photo():
    rng = np.random.default_rng(3)
    mask = rng.random((90, 120)) < 0.02
    mask |= np.pad(drawn(*case(4, (3.0, 6.0))[:2], 0.4, np.zeros(2), 90), ((0, 0), (15, 15)))
    mask[40:44] = True  # to both edges of the photo
    first = measure(mask)
    for turn in TURNS[1:]:
        other = measure(np.ascontiguousarray(turn(mask)))
        for name in ("length", "mean_width", "p95_width", "max_width"):
            assert getattr(other, name).value == pytest.approx(getattr(first, name).value, rel=1e-6), name
        assert (other.branches, other.components) == (first.branches, first.components)


@pytest.mark.parametrize("width", [1.6, 2.5, 4.0, 8.0, 15.0])
def test_the_length_is_the_same_at_any_angle(width):
    path, _, length = case(0, (width, width))
    rng = np.random.default_rng(1)
    lengths = [
        measure(drawn(path, np.full(len(path), width), turn, rng.uniform(-0.5, 0.5, 2))).length.value
        for turn in [*np.radians([0.0, 45.0, 90.0, 135.0]), *rng.uniform(0.0, np.pi, 6)]
    ]
    np.testing.assert_allclose(lengths, length, rtol=0.02)


@pytest.mark.parametrize("widths", [(2.0, 4.0), (4.0, 8.0), (8.0, 14.0), (14.0, 22.0)])
def test_bounds_of_greatest_width_and_direction_hold_for_nine_of_ten_cracks(widths):
    held = {"length": [], "max_width": [], "mean_width": [], "orientation": []}
    for seed in range(100, 124):
        path, width, length = case(seed, widths)
        rng = np.random.default_rng(seed)
        turn = rng.uniform(0.0, np.pi)
        measured = measure(drawn(path, width, turn, rng.uniform(-0.5, 0.5, 2)))
        for name, truth in (("length", length), ("max_width", width.max()), ("mean_width", width.mean())):
            figure = getattr(measured, name)
            held[name].append(figure.lower <= truth <= figure.upper)
        steps = np.diff(path, axis=0) @ np.array([1.0, 1j])
        direction = -np.degrees(np.angle((steps**2 / np.abs(steps)).sum()) / 2.0 + turn)
        assert measured.orientation_bounds_deg is not None
        low, high = measured.orientation_bounds_deg
        held["orientation"].append((direction - low) % 180.0 <= high - low)
    assert {name: np.mean(one) >= 0.9 for name, one in held.items()} == dict.fromkeys(held, True)


def test_cracks_in_all_directions_have_no_mean_direction():
    mask = np.zeros((121, 121), dtype=bool)
    mask[59:62, 10:111] = mask[10:111, 59:62] = True
    low, high = measure(mask).orientation_bounds_deg or (0.0, 0.0)
    assert high - low == pytest.approx(180.0)
    level = np.zeros((60, 160), dtype=bool)
    level[30:33, 10:150] = True
    low, high = measure(level).orientation_bounds_deg or (0.0, 0.0)
    assert -2.0 < low < 0.0 < high < 2.0
    assert measure(np.zeros((9, 9), dtype=bool)).orientation_bounds_deg is None
