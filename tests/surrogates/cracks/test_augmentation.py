"""Batches of augmented crops: what must stay true of a crop whatever is drawn."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from fieldwright.surrogates.cracks.augmentation import PLAIN, AugmentationConfig, augmented_batch


def picture(rng: np.random.Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A photo that is black exactly where the mask says crack, and light elsewhere."""
    mask = np.zeros(shape, dtype=bool)
    mask[rng.integers(shape[0]) :][:3] = True
    photo = np.where(mask[..., None], 0, 200).astype(np.uint8).repeat(3, axis=2)
    return photo, mask


@given(seed=st.integers(0, 10_000), size=st.sampled_from([16, 24]), side=st.integers(10, 40))
def test_mask_moves_with_its_photo(seed: int, size: int, side: int) -> None:
    rng = np.random.default_rng(seed)
    photos, masks = zip(*(picture(rng, (side, side + 7)) for _ in range(3)), strict=True)
    config = PLAIN.model_copy(update={"turns": True})
    x, y = augmented_batch(photos, [0, 1, 2], size, config, rng, masks=masks, on_crack=0.5)
    assert y is not None
    assert torch.equal(y[:, 0] == 1.0, x[:, 0] < 0.5)


def test_scaled_mask_still_covers_the_dark_pixels() -> None:
    rng = np.random.default_rng(3)
    photo, mask = picture(rng, (80, 80))
    x, y = augmented_batch(
        [photo],
        [0] * 30,
        32,
        PLAIN.model_copy(update={"turns": True, "scale": (0.75, 1.4)}),
        rng,
        masks=[mask],
        on_crack=1.0,
    )
    assert y is not None
    assert y.sum() > 0
    assert ((x[:, :1] < 0.39) == (y == 1.0)).float().mean() > 0.99


def test_crop_on_a_crack_contains_one() -> None:
    rng = np.random.default_rng(0)
    mask = np.zeros((60, 90), dtype=bool)
    mask[7, 80] = True
    photo = np.full((60, 90, 3), 128, dtype=np.uint8)
    config = PLAIN.model_copy(update={"turns": True})
    _, y = augmented_batch([photo], [0] * 20, 16, config, rng, masks=[mask], on_crack=1.0)
    assert y is not None
    assert (y.sum(dim=(1, 2, 3)) == 1).all()


def test_plain_crop_of_the_whole_photo_is_the_photo() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    x, y = augmented_batch([photo], [0], 20, PLAIN, np.random.default_rng(2))
    assert y is None
    np.testing.assert_allclose(x[0].permute(1, 2, 0).numpy() * 255, photo, atol=1e-4)


def test_turned_crops_show_all_eight_symmetries() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    config = PLAIN.model_copy(update={"turns": True})
    x, _ = augmented_batch([photo], [0] * 100, 12, config, np.random.default_rng(2))
    assert len(torch.unique(x.flatten(1), dim=0)) == 8


def test_same_seed_same_batch_and_levels_stay_in_range() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    batches = [
        augmented_batch([photo], [0] * 8, 32, AugmentationConfig(), np.random.default_rng(5))[0]
        for _ in range(2)
    ]
    assert torch.equal(*batches)
    assert batches[0].min() >= 0.0
    assert batches[0].max() <= 1.0
    assert len(torch.unique(batches[0].mean(dim=(1, 2, 3)))) == 8
