"""Two photos of one place laid upon each other, and the picture that shows what was measured."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.transform import AffineTransform, warp

from fieldwright.data.errors import QueryError
from fieldwright.physics.concrete import SurfaceSettings, generate
from fieldwright.physics.concrete.crack import resample
from fieldwright.physics.concrete.crack_distance import crack_distance
from fieldwright.surrogates.cracks.measurement import Outlines, Scale, change, measure
from fieldwright.surrogates.cracks.measurement.registration import register
from fieldwright.surrogates.cracks.segmentation.overlay import overlay

PLACE = SurfaceSettings(family="concrete", size=(240, 320), crack=False, distractors=0.0, camera=False)


def line(end: float, width: float) -> np.ndarray:
    path = resample(np.array([[40.0, 120.0], [end, 120.0 + 0.1 * (end - 40.0)]]))
    return crack_distance(path, np.full(len(path), width), (240, 320)) <= 0.0


@pytest.fixture(scope="module")
def place():
    return generate(PLACE, 3).photo


MOVED = AffineTransform(rotation=0.05, translation=(8.0, -5.0))
"""From the first photo's x and y to the second's."""


def moved(picture: np.ndarray) -> np.ndarray:
    return np.asarray(warp(picture.astype(float), MOVED.inverse, order=1, mode="reflect"))


def test_growth_is_found_though_the_camera_moved(place):
    before, after = line(180.0, 5.0), line(240.0, 8.0)
    found = change(place, moved(place).astype(np.uint8), before, moved(after) >= 0.5, scale=Scale(0.5))
    assert found.length.unit == "mm"
    assert found.length.value == pytest.approx(0.5 * 60.0, abs=3.0)
    assert found.mean_width.value == pytest.approx(0.5 * 3.0, abs=0.25)
    assert found.length.lower < 0.5 * 60.0 < found.length.upper
    corners = np.array([[0, 0], [319, 0], [0, 239], [319, 239]], dtype=float)
    laid = np.column_stack([corners, np.ones(4)]) @ found.registration.matrix.T
    assert np.abs(laid[:, :2] / laid[:, 2:] - MOVED(corners)).max() < 2.0
    assert found.new[:, 184:].sum() > 200
    assert not found.new[:, :184].any()
    assert found.as_dict()["new_px2"] == found.new.sum()


def test_nothing_grown_is_nought_within_the_bounds(place):
    mask = line(200.0, 6.0)
    found = change(place, place, mask, mask)
    assert found.length.value == pytest.approx(0.0, abs=0.5)
    assert found.length.lower < 0.0 < found.length.upper
    assert not found.new.any()
    assert found.common == 1.0


def test_the_bounds_of_growth_contain_what_the_probability_leaves_open(place):
    """Before 120 to 160 px long, after 180 to 200."""
    before, after = line(180.0, 6.0), line(230.0, 6.0)
    limits = (Outlines(line(160.0, 6.0), line(200.0, 6.0)), Outlines(line(220.0, 6.0), line(240.0, 6.0)))
    bare = change(place, place, before, after)
    found = change(place, place, before, after, before_limits=limits[0], after_limits=limits[1])
    assert found.length.value == bare.length.value
    assert found.length.lower == pytest.approx(50.0 - np.hypot(10.0, 20.0), abs=3.0)
    assert found.length.upper == pytest.approx(50.0 + np.hypot(10.0, 20.0), abs=3.0)
    assert bare.length.upper - bare.length.lower < 0.7 * (found.length.upper - found.length.lower)


def test_photos_of_other_places_are_refused(place):
    other = generate(PLACE, 4).photo
    with pytest.raises(QueryError, match="must show the same place"):
        register(place, other)
    with pytest.raises(QueryError, match="first photo and its mask must be of one size"):
        change(place, other, np.zeros((4, 4), dtype=bool), line(100.0, 3.0))


def test_a_soft_surface_without_corners_is_laid_by_its_shift():
    y, x = np.mgrid[:200, :240]
    soft = 128 + 60 * np.sin(x / 23.0) * np.cos(y / 31.0) + 20 * np.sin((x + y) / 17.0)
    photo = np.repeat(soft[..., None], 3, axis=2).astype(np.uint8)
    found = register(photo[20:180, 20:200], photo[13:173, 31:211])
    assert found.matches == 0
    assert found.matrix[:2, 2] == pytest.approx([-11.0, 7.0], abs=1.0)


def test_overlay_draws_outline_middle_and_scale_bar(place):
    mask = line(200.0, 9.0)
    drawn = overlay(place, mask, measure(mask, scale=Scale(0.5)))
    assert drawn.shape == place.shape
    assert drawn.dtype == np.uint8
    beside = np.roll(mask, 1, axis=0) & ~mask
    assert (drawn[beside] == 255).all()
    assert (drawn[mask] != place[mask]).any()
    assert (drawn[-30:, 10:60] == 255).all(axis=2).any()
    bare = overlay(place, np.zeros_like(mask))
    assert np.array_equal(bare, place)
    with pytest.raises(QueryError, match="of one size"):
        overlay(place, mask[:10])
