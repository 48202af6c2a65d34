import numpy as np
import pytest

from fieldwright.surrogates.cracks.photo_domain import PhotoDomain

CENTRES = np.array([[0.0] * 6, [8.0] * 6])


def drawn(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    label = rng.random(n) < 0.5
    shape = np.array([1.0, 1.0, 1.0, 5.0, 5.0, 100.0])
    return CENTRES[label.astype(int)] + rng.normal(size=(n, 6)) * shape, label


@pytest.fixture(scope="module")
def domain() -> PhotoDomain:
    features, label = drawn(500, 0)
    return PhotoDomain.fit(features, label, drawn(500, 1)[0])


def test_99_of_100_photos_of_the_same_kind_lie_inside(domain):
    inside = domain.outside(drawn(5000, 2)[0]) <= 1.0
    assert inside.mean() == pytest.approx(0.99, abs=0.01)


def test_what_lies_between_the_classes_or_beyond_is_outside(domain):
    far = np.array([[4.0, 4.0, 4.0, 4.0, 4.0, 4.0], [0.0, 0.0, -9.0, 0.0, 0.0, 0.0]])
    assert (domain.outside(far) > 1.0).all()
    assert domain.outside(np.array([[0.0, 0.0, 0.0, 0.0, 0.0, -90.0]]))[0] < 1.0


def test_the_units_of_the_features_do_not_matter(domain):
    units = np.array([1e3, 1.0, 1e-3, 1.0, 10.0, 1.0])
    features, label = drawn(500, 0)
    scaled = PhotoDomain.fit(features * units, label, drawn(500, 1)[0] * units)
    fresh = drawn(50, 3)[0]
    assert scaled.outside(fresh * units) == pytest.approx(domain.outside(fresh), rel=1e-6)


def test_a_user_s_own_photos_lie_inside_once_it_is_widened(domain):
    rng = np.random.default_rng(4)
    label = np.arange(40) % 2 == 0
    own, more = rng.normal(-30.0, 1.0, (40, 6)), rng.normal(-30.0, 1.0, (200, 6))
    assert (domain.outside(more) > 1.0).all()
    widened = domain.widened(own, label)
    assert (widened.outside(more) <= 1.0).mean() > 0.95
    assert (widened.outside(drawn(500, 2)[0]) <= 1.0).mean() > 0.97
    assert (widened.outside(np.full((1, 6), 60.0)) > 1.0).all()


def test_a_feature_that_never_varied_is_left_out():
    features, label = drawn(500, 0)
    constant = np.column_stack([features, np.full(500, 3.0)])
    found = PhotoDomain.fit(constant, label, constant)
    fresh = drawn(20, 3)[0]
    without = PhotoDomain.fit(features, label, features)
    assert found.outside(np.column_stack([fresh, np.full(20, -7.0)])) == pytest.approx(
        without.outside(fresh), rel=1e-9
    )


def test_state_restores_it(domain):
    features = drawn(20, 5)[0]
    assert np.array_equal(PhotoDomain.restore(domain.state()).outside(features), domain.outside(features))
