"""Drawn photos of cracked surfaces for a study, stored as a collection beside the catalogue of its photos."""

from __future__ import annotations

from dataclasses import replace

from fieldwright.data.disk import disk_of
from fieldwright.data.photos.collection import Collection, read_collection
from fieldwright.data.photos.photo import png_bytes
from fieldwright.data.photos.photo_catalogue import PhotoCatalogue
from fieldwright.data.whole_file import write_whole_file
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.study.photo_sections import SEEDS
from fieldwright.flows.study.photo_study import PhotoStudy
from fieldwright.physics.concrete import generate

GENERATED = "generated/"
"""Before the names of drawn photos."""


def generated_photos(study: PhotoStudy) -> Collection:
    """The photos that `[generator]` asks for; those drawn before are not drawn again. Raises StoreError."""
    generator = study.generator
    assert generator is not None
    folder = study.generated_path
    with disk_of(folder):
        for place in ("photos", "masks"):
            (folder / place).mkdir(parents=True, exist_ok=True)
        for k in range(generator.photos):
            photo = folder / "photos" / f"{k:05d}.png"
            if not photo.exists():
                surface = generate(generator.surface(k), study.seed * SEEDS + k)
                write_whole_file(folder / "masks" / photo.name, png_bytes(surface.mask))
                write_whole_file(photo, png_bytes(surface.photo))
            report_progress("Drawing photos", k + 1, generator.photos)
    collection = read_collection(
        folder,
        "pairs",
        catalogue=PhotoCatalogue(folder / "photos.sqlite"),
        progress=lambda done, total: report_progress("Reading drawn photos", done, total),
    )
    # There are more of them where an earlier run asked for more.
    photos = [photo for photo in collection.photos if int(photo.photo.stem) < generator.photos]
    return replace(
        collection, photos=tuple(replace(photo, name=f"{GENERATED}{photo.name}") for photo in photos)
    )
