"""Small photos of a rough surface, of which half are crossed by a dark crack whose place is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier

SIDE = 32


@dataclass(frozen=True)
class Surfaces:
    """photos: (32, 32, 3) uint8. cracked: (n,) bool. masks: (32, 32) bool."""

    photos: list[np.ndarray]
    cracked: np.ndarray
    masks: list[np.ndarray]


def surfaces(number: int, seed: int, depth: float = 70.0) -> Surfaces:
    """Every second one has a crack two pixels wide, darker than its surroundings by so many levels."""
    rng = np.random.default_rng(seed)
    photos, masks, cracked = [], [], np.arange(number) % 2 == 0
    columns = np.arange(SIDE)
    for yes in cracked:
        photo = (
            rng.normal(150.0, 10.0)
            + rng.normal(0.0, 10.0, (SIDE, SIDE, 1))
            + rng.normal(0.0, 3.0, (SIDE, SIDE, 3))
        )
        mask = np.zeros((SIDE, SIDE), dtype=bool)
        if yes:
            row = np.clip(np.cumsum(rng.integers(-1, 2, SIDE)) + rng.integers(6, SIDE - 6), 0, SIDE - 2)
            mask[row, columns] = mask[row + 1, columns] = True
            if rng.random() < 0.5:
                mask = mask.T
        photo[mask] -= depth
        photos.append(np.clip(photo, 0.0, 255.0).astype(np.uint8))
        masks.append(mask)
    return Surfaces(photos, cracked, masks)


@pytest.fixture(scope="session")
def make_surfaces() -> Callable[..., Surfaces]:
    return surfaces


@pytest.fixture(scope="session")
def small_cnn() -> CrackCnnConfig:
    """Learns to see the cracks of `surfaces` within two seconds."""
    return CrackCnnConfig(size=SIDE, widths=(8, 16, 32), members=2, epochs=12, batch=16)


@pytest.fixture(scope="session")
def train_small(small_cnn: CrackCnnConfig) -> Callable[..., CrackClassifier]:
    """Trains on surfaces of its own, all drawn by the seed."""

    def train(seed: int, config: CrackCnnConfig = small_cnn, **settings) -> CrackClassifier:
        learned, held = surfaces(96, 100 + seed), surfaces(48, 200 + seed)
        return CrackClassifier.train(
            config,
            learned.photos,
            learned.cracked,
            validation=(held.photos, held.cracked),
            seed=seed,
            name="surfaces",
            **settings,
        )

    return train


@pytest.fixture(scope="session")
def classifier(train_small) -> CrackClassifier:
    return train_small(0)
