"""Whether a photo looks like the training photos, and how much photos differ at one probability."""

import numpy as np
import pytest

from fieldwright.surrogates.cracks.segmentation.appearance import TRAITS, Appearance, traits
from fieldwright.surrogates.cracks.segmentation.spread_between_photos import spread_between_photos


def photos(number: int, seed: int) -> list[np.ndarray]:
    """Grey surfaces of differing light and grain, a little warm."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(number):
        grain = rng.normal(0, rng.uniform(8, 14), (90, 120, 1)) + rng.normal(0, 3, (90, 120, 3))
        light = rng.uniform(110, 170) + np.linspace(0, rng.uniform(5, 20), 120)[:, None]
        found.append(np.clip(light + grain + rng.normal([4, 0, -4], 2), 0, 255).astype(np.uint8))
    return found


def test_new_photos_of_the_same_kind_are_inside() -> None:
    appearance = Appearance.fit(photos(60, 0))
    assert np.mean([appearance.outside(photo)[0] <= 1.0 for photo in photos(100, 1)]) >= 0.95


@pytest.mark.parametrize(
    ("change", "trait"),
    [
        (lambda x: np.maximum(x, 90) - np.uint8(90), "mean brightness"),
        (lambda x: x // np.array([1, 1, 3], dtype=np.uint8), "red less blue"),
        (lambda x: x // np.array([2, 1, 2], dtype=np.uint8), "green less the others"),
        (lambda x: (x.astype(int) // 16 + 130).astype(np.uint8), "contrast"),
    ],
)
def test_names_the_trait_that_is_unlike(change, trait: str) -> None:
    appearance = Appearance.fit(photos(60, 0))
    distance, why = appearance.outside(change(photos(1, 2)[0]))
    assert distance > 1.0
    assert trait in why
    restored = Appearance.restore(appearance.state())
    assert restored.outside(change(photos(1, 2)[0])) == (distance, why)


def test_traits_of_a_flat_photo_and_of_a_large_one() -> None:
    flat = dict(zip(TRAITS, traits(np.full((40, 40, 3), (102, 51, 0), dtype=np.uint8)), strict=True))
    assert flat["mean brightness"] == pytest.approx(0.2, abs=1e-4)
    assert flat["red less blue"] == pytest.approx(0.4, abs=1e-4)
    assert flat["green less the others"] == pytest.approx(0.0, abs=1e-4)
    # A photo of the same surface with more of it in view has the same traits.
    surface = np.random.default_rng(0).integers(100, 160, (1600, 2000, 3), dtype=np.uint8)
    np.testing.assert_allclose(traits(surface)[:5], traits(surface[:400, :500])[:5], atol=0.05)


def test_spread_between_photos_is_that_of_their_shares() -> None:
    rng = np.random.default_rng(0)
    shares = (0.2, 0.3, 0.4)
    probabilities = [np.full((300, 300), 0.35) for _ in shares]
    masks = [rng.random((300, 300)) < share for share in shares]
    spread = spread_between_photos(probabilities, masks)
    expected = np.sqrt(np.mean((np.array(shares) - 0.35) ** 2))
    assert spread[round(0.35 * 255)] == pytest.approx(expected, abs=0.01)
    # Nothing is known of other probabilities: the most that it can be.
    assert spread[round(0.75 * 255)] == pytest.approx(np.sqrt(0.75 * 0.25), abs=0.01)
    assert spread[0] == spread[255] == 0.0
