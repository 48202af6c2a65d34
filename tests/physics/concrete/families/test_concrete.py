"""Generated surfaces: the same bytes for a seed, and a truth that the mask bears out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label
from scipy.spatial import KDTree

from fieldwright.data.errors import FieldwrightError
from fieldwright.physics.concrete import Crack, SurfaceSettings, generate
from fieldwright.physics.concrete.crack import resample, within
from fieldwright.physics.concrete.crack_distance import crack_distance
from fieldwright.physics.concrete.crack_pattern import draw, pieces
from fieldwright.physics.concrete.noise import field, line
from fieldwright.physics.concrete.settings import FAMILIES, PATTERNS

SMALL = (96, 128)


@pytest.mark.parametrize("family", FAMILIES)
def test_same_seed_same_bytes_other_seed_other_photo(family):
    settings = SurfaceSettings(family=family, size=SMALL)
    one, again, other = generate(settings, 3), generate(settings, 3), generate(settings, 4)
    assert one.photo.dtype == np.uint8
    assert one.photo.shape == (*SMALL, 3)
    assert one.photo.tobytes() == again.photo.tobytes()
    assert one.mask.tobytes() == again.mask.tobytes()
    assert one.photo.tobytes() != other.photo.tobytes()
    assert one.family == family


@pytest.mark.parametrize("pattern", PATTERNS)
def test_mask_lies_about_the_centrelines_by_half_the_width(pattern):
    surface = generate(SurfaceSettings(pattern=pattern, size=(160, 200), width_px=(2.0, 8.0)), 5)
    assert surface.mask.any()
    y, x = np.nonzero(surface.mask)
    margin = 12  # cracks go on beyond the photo, of which the truth tells nothing
    inner = (y >= margin) & (y < 160 - margin) & (x >= margin) & (x < 200 - margin)
    path = np.concatenate([crack.path for crack in surface.cracks])
    away = KDTree(path).query(np.stack([x, y], axis=1)[inner])[0]
    assert away.max() <= surface.max_width_px / 2 + 0.1
    wide = path[
        surface.widths_px > 1.5
    ]  # every pixel whose centre is nearest to the line lies within 0.71 px of it
    assert surface.mask[tuple(np.rint(wide[:, ::-1]).astype(int).T)].all()


def test_without_crack_the_mask_is_empty_and_all_figures_are_nought():
    surface = generate(SurfaceSettings(crack=False, size=SMALL), 1)
    assert not surface.mask.any()
    assert surface.cracks == ()
    assert (surface.length_px, surface.branches, surface.mean_width_px, surface.p95_width_px) == (
        0.0,
        0,
        0.0,
        0.0,
    )


def test_cracks_stay_where_the_camera_is_left_out():
    with_camera, without = (generate(SurfaceSettings(size=SMALL, camera=c), 9) for c in (True, False))
    assert np.array_equal(with_camera.mask, without.mask)
    assert not np.array_equal(with_camera.photo, without.photo)


def test_cracks_are_darker_than_the_surface_beside_them_on_most_photos():
    darker = []
    for seed in range(12):
        surface = generate(
            SurfaceSettings(size=SMALL, pattern="single", width_px=(3.0, 6.0), distractors=0.0), seed
        )
        grey = surface.photo.mean(axis=2)
        darker.append(grey[surface.mask].mean() < grey[~surface.mask].mean())
    assert np.mean(darker) > 0.75


def test_area_of_a_straight_stripe_is_length_times_width():
    path = resample(np.array([[-20.0, 13.3], [140.0, 61.7]]))
    for width in (1.0, 3.4, 9.0):
        stripe = crack_distance(path, np.full(len(path), width), (80, 100)) <= 0.0
        columns = stripe.sum() / 100.0
        slant = np.hypot(160.0, 48.4) / 160.0
        assert columns == pytest.approx(width * slant, abs=0.1)


def test_signed_distance_is_the_distance_to_a_disc():
    d = crack_distance(np.array([[20.3, 11.6]]), np.array([8.0]), (30, 40), beyond=3.0)
    y, x = np.mgrid[:30, :40]
    exact = np.minimum(np.hypot(x - 20.3, y - 11.6) - 4.0, 3.0)
    assert np.allclose(d, exact, atol=1e-5)


def test_length_and_orientation_of_a_known_line():
    crack = Crack(resample(np.array([[0.0, 0.0], [30.0, -30.0]])), np.full(86, 2.0))
    assert crack.length_px == pytest.approx(30.0 * np.sqrt(2.0))
    assert crack.orientation_deg == pytest.approx(45.0)  # upwards to the right, y of pixels pointing down


def test_a_crack_that_leaves_the_photo_and_comes_back_is_two_pieces():
    path = resample(np.array([[10.0, 20.0], [60.0, 20.0], [60.0, 30.0], [10.0, 30.0]]))
    parts = within(Crack(path, np.full(len(path), 2.0)), (50, 50))
    assert len(parts) == 2
    assert sum(part.length_px for part in parts) == pytest.approx(2 * 39.5, abs=1.0)


def test_networks_hang_together_and_branches_name_their_parent():
    cracks = draw(np.random.default_rng(2), (200, 300), "branching", (2.0, 4.0))
    children = [crack for crack in cracks if crack.parent is not None]
    assert children
    for child in children:
        assert KDTree(cracks[child.parent].path).query(child.path[0])[0] < 1e-9
    assert sum(piece.length_px for piece in pieces(cracks, (200, 300))) < sum(
        crack.length_px for crack in cracks
    )
    surface = generate(SurfaceSettings(pattern="network", size=(200, 300)), 4)
    assert label(surface.mask, np.ones((3, 3)))[1] < len(surface.cracks)


def test_noise_has_unit_deviation_and_the_asked_band():
    made = field(np.random.default_rng(0), (128, 128), 0.0, finest=8.0)
    assert made.std() == pytest.approx(1.0, abs=1e-3)
    power = np.abs(np.fft.fft2(made)) ** 2
    k = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None, :])
    assert power[k > 1 / 4].sum() < 0.01 * power.sum()
    rough, smooth = (np.abs(np.diff(line(np.random.default_rng(1), 400, h, 2.0))).mean() for h in (0.2, 1.0))
    assert rough > 2 * smooth


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"family": "marble"}, "family"),
        ({"pattern": "spiral"}, "pattern"),
        ({"size": (10, 200)}, "size"),
        ({"width_px": (0.3, 2.0)}, "width_px"),
        ({"width_px": (5.0, 2.0)}, "width_px"),
        ({"distractors": -1.0}, "distractors"),
    ],
)
def test_settings_that_cannot_be_are_named(wrong, name):
    with pytest.raises(FieldwrightError, match=f"'{name}' of a surface must be"):
        SurfaceSettings(**wrong)
