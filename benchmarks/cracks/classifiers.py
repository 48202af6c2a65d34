"""Photos that the classifier is measured on, and the classifiers trained on them, kept from task to task."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.cracks.sets import collection
from fieldwright.data.environment import home
from fieldwright.data.photos.labelled_photo import LabelledPhoto
from fieldwright.data.photos.splits import split_photos
from fieldwright.physics.concrete import SurfaceSettings, generate
from fieldwright.surrogates.cracks.classification.cnn_settings import CrackCnnConfig
from fieldwright.surrogates.cracks.classification.crack_classifier import CrackClassifier

SHARES = {"train": 0.6, "validation": 0.15, "test": 0.25}
HUNDREDS = r"(\d{3})\d\d.*"
"""Some ninety tiles were cut from each of METU's large photos, and numbered in turn."""
SIDE = 227
"""Of METU's tiles, and of the patches cut from other photos."""


@dataclass(frozen=True, eq=False)
class Photos:
    """Photos with labels, and their indices in the parts of one split."""

    pixels: list[np.ndarray]
    cracked: np.ndarray
    parts: dict[str, tuple[int, ...]]

    def part(self, name: str) -> tuple[list[np.ndarray], np.ndarray]:
        rows = list(self.parts[name])
        return [self.pixels[row] for row in rows], self.cracked[rows]


@cache
def tiles() -> tuple[tuple[LabelledPhoto, ...], list[np.ndarray]]:
    """METU's tiles, and their pixels."""
    found = collection("metu", group=HUNDREDS).photos
    return found, [photo.pixels() for photo in found]


def metu(seed: int) -> Photos:
    """METU with the split of that seed."""
    found, pixels = tiles()
    return Photos(pixels, np.array([photo.crack for photo in found]), split_photos(found, SHARES, seed))


def kept(name: str, photos: Photos, seed: int) -> CrackClassifier:
    """The classifier of that name and seed, from its folder if it has been trained before."""
    place = home() / "cracks_classification" / f"{name}-{seed}"
    if place.exists():
        return CrackClassifier.load(place)
    start = time.process_time()
    learned, cracked = photos.part("train")
    made = CrackClassifier.train(
        CrackCnnConfig(), learned, cracked, validation=photos.part("validation"), seed=seed, name=name
    )
    epochs = sum(map(len, made.description.losses))
    spent = time.process_time() - start
    print(
        f"{name}, seed {seed}: {len(learned)} photos, {epochs} epochs in all, {spent:.0f} CPU-seconds",
        flush=True,
    )
    made.save(place)
    return made


def surfaces(number: int, seed: int) -> tuple[list[np.ndarray], np.ndarray, list[np.ndarray]]:
    """Drawn surfaces, every second one cracked, with labels and masks."""
    drawn = [
        generate(SurfaceSettings(size=(SIDE, SIDE), crack=k % 2 == 0, width_px=(1.2, 16.0)), seed + k)
        for k in range(number)
    ]
    # A crack that only touches the corner of a patch is none to look for.
    keep = [one for k, one in enumerate(drawn) if k % 2 or one.mask.sum() >= SIDE]
    return [one.photo for one in keep], np.array([one.mask.any() for one in keep]), [one.mask for one in keep]


def corners(photos: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Two patches of each photo."""
    return [one for photo in photos for one in (photo[:SIDE, :SIDE], photo[-SIDE:, -SIDE:])]
