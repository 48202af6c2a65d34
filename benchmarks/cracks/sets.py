"""The photos of the crack benchmarks: real collections, parted by the seed, and drawn ones."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np

from fieldwright.data.environment import home
from fieldwright.data.photos.collection import Collection, read_collection
from fieldwright.data.photos.splits import split_photos
from fieldwright.physics.concrete import SurfaceSettings, generate

SOURCE = Path(__file__).parents[3] / "shared" / "data" / "cracks"
ARCHIVES = {
    "crackforest": "crackforest_train72.tar",
    "deepcrack": "deepcrack_train150.tar",
    "metu": "metu_subset.tar",
}
SHARES = {"train": 0.65, "validation": 0.15, "test": 0.2}
GENERATED = {"train": 200, "validation": 24, "test": 24}

Part = tuple[list[np.ndarray], list[np.ndarray]]
"""Photos (h, w, 3) uint8 and their masks (h, w) bool."""


def collection(name: str, group: str | None = None) -> Collection:
    """A real collection, unpacked under $FIELDWRIGHT_HOME on first use; group: see `read_collection`."""
    place = home() / "benchmarks" / "cracks"
    if not (place / name).exists():
        place.mkdir(parents=True, exist_ok=True)
        with tarfile.open(SOURCE / ARCHIVES[name]) as archive:
            archive.extractall(place / name, filter="data")
    inner = [path for path in (place / name).iterdir() if path.is_dir()]
    return read_collection(inner[0] if len(inner) == 1 else place / name, group=group)


def outlined(name: str, seed: int) -> dict[str, Part]:
    """Each part of a real collection with masks, groups of tiles and near-duplicates whole."""
    photos = collection(name).photos
    parts: dict[str, Part] = {}
    for part, rows in split_photos(photos, SHARES, seed).items():
        outlines = [photos[row].outline() for row in rows]
        parts[part] = ([photos[row].pixels() for row in rows], [one for one in outlines if one is not None])
    return parts


def generated(seed: int) -> dict[str, Part]:
    """Drawn photos in three parts, of which one in ten shows no crack."""
    parts, first = {}, seed * sum(GENERATED.values())
    for part, number in GENERATED.items():
        parts[part] = drawn(number, first)
        first += number
    return parts


def drawn(number: int, first: int) -> Part:
    """So many surfaces by the seeds from the first on, of which one in ten shows no crack."""
    surfaces = [generate(SurfaceSettings(crack=k % 10 != 0), seed=k) for k in range(first, first + number)]
    return [one.photo for one in surfaces], [one.mask for one in surfaces]
