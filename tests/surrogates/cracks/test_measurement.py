"""Measured cracks against shapes of known length and width, and against the generator's truth."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fieldwright.data.errors import FieldwrightError, QueryError
from fieldwright.physics.concrete.crack import resample
from fieldwright.physics.concrete.crack_distance import crack_distance
from fieldwright.physics.concrete.crack_pattern import draw, pieces
from fieldwright.surrogates.cracks.measurement import Scale, measure


def stripe(corners, width: float, shape=(120, 160)) -> np.ndarray:
    path = resample(np.array(corners, dtype=float))
    return crack_distance(path, np.full(len(path), width), shape) <= 0.0


@settings(max_examples=25, deadline=None)
@given(turn=st.floats(0.0, np.pi), width=st.floats(1.5, 14.0))
def test_straight_crack_of_any_direction_and_width(turn, width):
    ahead = np.array([np.cos(turn), np.sin(turn)])
    middle = np.array([79.3, 60.4])
    mask = stripe([middle - 40 * ahead, middle + 40 * ahead], width)
    measured = measure(mask)
    assert measured.components == 1
    assert measured.branches == 0
    # Round ends reach half a width beyond the line's ends.
    assert measured.length.value == pytest.approx(80.0 + width, rel=0.03)
    # Its area without the round ends over its length: a level stripe covers whole rows, up to a pixel more or less.
    body = mask.sum() - np.pi * width**2 / 4.0
    assert measured.mean_width.value == pytest.approx(body / 80.0, abs=0.3)
    off = (measured.orientation_deg - np.degrees(-turn)) % 180.0
    assert min(off, 180.0 - off) < 2.0


@pytest.mark.parametrize("width", [1.5, 4.0, 9.0])
def test_circle_is_a_ring_of_its_circumference(width):
    turn = np.linspace(0, 2 * np.pi, 400)
    measured = measure(stripe(np.stack([80 + 40 * np.cos(turn), 60 + 40 * np.sin(turn)], axis=1), width))
    assert measured.length.value == pytest.approx(2 * np.pi * 40, rel=0.02)
    assert measured.mean_width.value == pytest.approx(width, abs=0.3)
    assert measured.cracks[0].tips == 0
    assert measured.branches == 0


def test_fork_has_a_branch_three_tips_and_the_length_of_its_arms():
    arms = [([80, 60], [20, 60]), ([80, 60], [140, 20]), ([80, 60], [140, 100])]
    measured = measure(np.any([stripe(arm, 5.0) for arm in arms], axis=0))
    (crack,) = measured.cracks
    assert (crack.branches, crack.tips) == (1, 3)
    assert measured.length.value == pytest.approx(60 + 2 * np.hypot(60, 40) + 3 * 2.5, rel=0.03)
    assert measured.max_width.value < 7.0  # the wide middle of the fork is no width of a crack


@pytest.mark.parametrize(("stub", "bounds"), [(2.0, (0, 0)), (6.5, (0, 1)), (25.0, (1, 1))])
def test_a_stub_that_may_be_a_rough_edge_is_a_branch_within_bounds(stub, bounds):
    """A trunk of 6 px with a stub of 4 px that reaches out of it by so many px."""
    trunk, arm = stripe([[10, 60], [150, 60]], 6.0), np.zeros((120, 160), dtype=bool)
    arm[int(57 - stub) : 60, 78:82] = True
    measured = measure(trunk | arm)
    assert measured.cracks[0].branches_bounds == measured.branches_bounds == bounds
    assert bounds[0] <= measured.branches <= bounds[1]


def test_drawn_lines_are_coarse_and_lie_on_the_middle_line():
    turn = np.linspace(0.1, 3.0, 200)
    path = np.stack([80 + 60 * np.cos(turn), 20 + 60 * np.sin(turn)], axis=1)
    (crack,) = measure(stripe(path, 5.0)).cracks
    (line,) = crack.lines()
    assert len(line) < 25 < len(crack.profile.x) / 5
    assert np.abs(np.hypot(line[:, 0] - 80, line[:, 1] - 20) - 60).max() < 1.5
    assert crack.as_dict(profile=False, lines=True)["lines"] == [np.round(line, 1).tolist()]


def test_crack_through_the_edges_of_the_photo_does_not_fork_into_corners():
    measured = measure(stripe([[-30, 20], [190, 90]], 12.0))
    assert measured.branches == 0
    assert measured.cracks[0].tips == 2
    assert measured.length.value == pytest.approx(np.hypot(159, 159 * 70 / 220), rel=0.03)
    assert measured.mean_width.value == pytest.approx(12.0, abs=0.5)


def test_widening_crack_gives_its_profile():
    path = resample(np.array([[10.0, 60.0], [150.0, 60.0]]))
    width = np.linspace(3.0, 13.0, len(path))
    measured = measure(crack_distance(path, width, (120, 160)) <= 0.0)
    profile = measured.cracks[0].profile
    inner = profile.defined & (profile.x > 20) & (profile.x < 140)
    true = np.interp(profile.x[inner], path[:, 0], width)
    assert np.abs(profile.width[inner] - true).max() < 1.0
    assert measured.max_width.value == pytest.approx(13.0, abs=1.0)
    assert measured.mean_width.value == pytest.approx(8.0, abs=0.6)


@pytest.mark.parametrize("pattern", ["single", "branching"])
def test_generated_cracks_within_three_percent_and_half_a_pixel(pattern):
    lengths, widths, held = [], [], []
    for seed in range(30):
        drawn = draw(np.random.default_rng(seed), (200, 300), pattern, (1.0, 20.0))
        everything = np.concatenate([c.path for c in drawn]), np.concatenate([c.width for c in drawn])
        mask = crack_distance(*everything, (200, 300)) <= 0.0
        cracks = pieces(drawn, (200, 300))
        area = sum(crack.width.mean() * crack.length_px for crack in cracks)
        if mask.sum() < 0.98 * area:  # a mask does not separate cracks that overlap
            continue
        measured = measure(mask)
        length = sum(crack.length_px for crack in cracks)
        lengths.append(measured.length.value / length - 1.0)
        widths.append(measured.mean_width.value - np.concatenate([crack.width for crack in cracks]).mean())
        held.append(measured.length.lower <= length <= measured.length.upper)
    assert len(lengths) >= 10
    assert np.median(np.abs(lengths)) < 0.02
    assert np.quantile(np.abs(lengths), 0.8) < 0.03
    assert np.median(np.abs(widths)) < 0.15
    assert np.quantile(np.abs(widths), 0.9) < 0.5
    assert np.mean(held) >= 0.8


def test_scale_multiplies_lengths_and_its_error_widens_the_bounds():
    mask = stripe([[20, 60], [140, 60]], 6.0)
    pixels = measure(mask)
    mm = measure(mask, scale=Scale(0.25, relative_error=0.1))
    assert mm.length.unit == "mm"
    assert mm.area.unit == "mm2"
    assert mm.mm_per_px == 0.25
    assert mm.length.value == pytest.approx(0.25 * pixels.length.value)
    assert mm.area.value == pytest.approx(0.0625 * mask.sum())
    assert mm.length.upper == pytest.approx(0.25 * 1.1 * pixels.length.upper)
    assert mm.cracks[0].profile.unit == "mm"


def test_scale_of_a_camera_by_similar_triangles():
    scale = Scale.of_camera(distance_mm=2000.0, focal_length_mm=50.0, pixel_pitch_um=5.0)
    assert scale.mm_per_px == pytest.approx(0.2)
    with pytest.raises(FieldwrightError, match="'focal_length_mm' must be positive"):
        Scale.of_camera(distance_mm=1.0, focal_length_mm=0.0, pixel_pitch_um=5.0)
    with pytest.raises(FieldwrightError, match="more than 0 mm per pixel"):
        Scale(0.0)


def test_bounds_span_the_outlines_at_more_and_less_probability():
    wide, core, narrow = (stripe([[20, 60.5], [140, 60.5]], w) for w in (12.0, 8.0, 4.0))
    probability = 0.1 + 0.2 * wide + 0.3 * core + 0.3 * narrow
    mask = probability >= 0.5
    assert np.array_equal(mask, core)
    bare = measure(mask)
    sure = measure(mask, probability=probability, std=np.full(mask.shape, 1e-3))
    unsure = measure(mask, probability=probability, std=np.full(mask.shape, 0.25))
    assert sure.mean_width.lower == pytest.approx(bare.mean_width.lower, abs=0.01)
    assert unsure.mean_width.lower == pytest.approx(4.0, abs=0.6)
    assert unsure.mean_width.upper == pytest.approx(12.0, abs=0.6)
    assert unsure.cracks[0].mean_width.lower == pytest.approx(unsure.mean_width.lower, abs=1e-6)
    assert (unsure.area.lower, unsure.area.upper) == (narrow.sum(), wide.sum())


def test_a_crack_that_may_not_be_there_has_no_length_at_least():
    mask = stripe([[20, 30], [140, 30]], 5.0) | stripe([[20, 90], [140, 90]], 5.0)
    probability = np.where(mask, 0.9, 0.1)
    probability[60:][mask[60:]] = 0.55
    measured = measure(mask, probability=probability, std=np.full(mask.shape, 0.3))
    first, second = sorted(measured.cracks, key=lambda crack: crack.box[0])
    assert first.length.lower > 110.0
    assert second.length.lower == 0.0


def test_nothing_specks_and_json():
    empty = measure(np.zeros((40, 50), dtype=bool))
    assert (empty.components, empty.length.value, empty.length.upper, empty.orientation_deg) == (
        0,
        0.0,
        0.0,
        None,
    )
    specks = np.zeros((40, 50), dtype=bool)
    specks[5, 5] = specks[20, 20] = specks[20, 30:42] = True
    assert measure(specks).too_small == 2
    measured = json.loads(json.dumps(measure(stripe([[20, 60], [90, 60]], 6.0)).as_dict()))
    profile = measured["cracks"][0]["profile"]
    assert len(profile["x"]) == len(profile["width"]) > 60
    assert "profile" not in measure(stripe([[20, 60], [90, 60]], 6.0)).as_dict(profiles=False)["cracks"][0]


@pytest.mark.parametrize("turn", [0.0, 0.3, np.pi / 4, 1.2, np.pi / 2])
@pytest.mark.parametrize("width", [1.0, 1.5, 2.0, 3.0])
def test_a_crack_of_few_pixels_has_a_width_of_one_at_least(width, turn):
    middle = np.array([25.2, 20.3])
    for length in (0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 20.0):
        ahead = 0.5 * length * np.array([np.cos(turn), np.sin(turn)])
        mask = stripe([middle - ahead, middle + ahead], width, (40, 50))
        if not mask.any():
            continue
        measured = measure(mask)
        assert measured.components >= 1
        for one in (measured, measured.cracks[0]):
            assert one.max_width.value >= 1.0
            assert one.max_width.lower < width < one.max_width.upper, length
            assert one.mean_width.lower < one.mean_width.value < one.mean_width.upper


def test_a_square_has_its_width_though_all_of_it_lies_within_its_ends():
    mask = np.zeros((40, 50), dtype=bool)
    mask[20:23, 10:14] = True
    assert measure(mask).max_width.value == pytest.approx(3.0, abs=0.1)


def test_maps_that_do_not_fit_are_named():
    mask = np.zeros((40, 50), dtype=bool)
    with pytest.raises(QueryError, match="plane array of True and False"):
        measure(mask.astype(np.uint8))
    with pytest.raises(QueryError, match="'probability' must have the shape of the mask"):
        measure(mask, probability=np.zeros((4, 5)))
    with pytest.raises(QueryError, match="'std' goes with 'probability'"):
        measure(mask, std=np.zeros((40, 50)))
