"""Generated surfaces on one sheet, and some of them measured: photos for the documentation, from seeds alone.

    python -m examples.cracked_surfaces.contact_sheet [folder]

Writes folder/cracked_surfaces.jpg, four photos of each family and one without crack, and folder/measured_cracks.jpg,
photos beside the same with outline, middle line by width and a scale of 0.4 mm per pixel.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from fieldwright.physics.concrete import SurfaceSettings, generate
from fieldwright.physics.concrete.settings import FAMILIES
from fieldwright.surrogates.cracks.measurement import Scale, measure
from fieldwright.surrogates.cracks.segmentation.overlay import overlay

SIZE = (200, 300)
ACROSS = 5
SEEDS = (24, 31, 41, 62)


def sheet(photos: list[np.ndarray], across: int) -> np.ndarray:
    """Photos (h, w, 3) of one size side by side, `across` in a row."""
    rows = [np.concatenate(photos[k : k + across], axis=1) for k in range(0, len(photos), across)]
    return np.concatenate(rows, axis=0)


def surfaces() -> list[np.ndarray]:
    """Four cracked photos and one without crack of each family."""
    photos = []
    for k, family in enumerate(FAMILIES):
        photos += [
            generate(SurfaceSettings(family=family, size=SIZE), seed + 300 * k).photo for seed in SEEDS
        ]
        photos.append(generate(SurfaceSettings(family=family, size=SIZE, crack=False), k).photo)
    return photos


def measured() -> list[np.ndarray]:
    """Photos beside the same with what was measured drawn in."""
    photos = []
    for seed in (7, 11, 12, 36):
        surface = generate(SurfaceSettings(), seed)
        photos += [
            surface.photo,
            overlay(surface.photo, surface.mask, measure(surface.mask, scale=Scale(0.4))),
        ]
    return photos


def main(folder: Path) -> None:
    """Writes both pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, photos, across in (
        ("cracked_surfaces", surfaces(), ACROSS),
        ("measured_cracks", measured(), 4),
    ):
        Image.fromarray(sheet(photos, across)).save(folder / f"{name}.jpg", quality=85)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
