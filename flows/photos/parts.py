"""The photos of a study as read and checked, and the parts that learn, choose and judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fieldwright.data.errors import StudyError
from fieldwright.data.photos.collection import Collection, read_collection
from fieldwright.data.photos.labelled_photo import LabelledPhoto
from fieldwright.data.photos.photo_catalogue import PhotoCatalogue
from fieldwright.data.photos.pixel_sequence import PixelSequence
from fieldwright.data.photos.splits import split_photos
from fieldwright.flows.photos.generated_photos import generated_photos
from fieldwright.flows.progress import report as report_progress
from fieldwright.flows.study.photo_study import PhotoStudy


@dataclass(frozen=True, eq=False)
class Part:
    """Photos with their pixels and labels; outlines are there for a segmentation alone."""

    photos: tuple[LabelledPhoto, ...]
    pixels: PixelSequence
    outlines: PixelSequence

    @classmethod
    def of(cls, photos: Sequence[LabelledPhoto]) -> Part:
        """Of these photos, unread."""
        return cls(tuple(photos), PixelSequence.of_photos(photos), PixelSequence.of_outlines(photos))

    @property
    def cracked(self) -> np.ndarray:
        """(n,) bool: whether each photo shows a crack."""
        return np.array([photo.crack is True for photo in self.photos], dtype=bool)


@dataclass(frozen=True, eq=False)
class Parts:
    """Photos to learn from, to choose the best candidate by, and to judge it by, once."""

    train: Part
    validation: Part
    test: Part

    def counts(self) -> dict[str, int]:
        """Photos in each part."""
        return {name: len(part.photos) for name, part in vars(self).items()}

    def names(self) -> dict[str, list[str]]:
        """Names of the photos in each part."""
        return {name: [photo.name for photo in part.photos] for name, part in vars(self).items()}


def read_photos(study: PhotoStudy) -> Collection:
    """Reads new and changed photos of the study's folder and sets those aside that cannot be used.

    Without a folder the photos are those that the generator draws.
    """
    asked = study.photos
    if asked is None:
        return generated_photos(study)
    return read_collection(
        study.beside(asked.folder),
        asked.reader,
        photos=asked.photos,
        masks=asked.masks,
        group=asked.group,
        reading=asked.reading,
        catalogue=PhotoCatalogue(study.catalogue_path),
        progress=lambda done, total: report_progress("Reading photos", done, total),
        comparing=lambda done, total: report_progress("Looking for copies", done, total),
    )


def parts_of(study: PhotoStudy, collection: Collection) -> Parts:
    """Parts the photos as the study asks; raises StudyError where they are too few or lack what it learns from.

    Photos drawn beside a collection are learned from alone: how well a model does is told by real ones.
    """
    photos = collection.photos
    if study.photos is not None and len(photos) < study.photos.minimum:
        reasons = sorted({reason for _, reason, _ in collection.rejected})
        raise StudyError(
            f"A study needs at least {study.photos.minimum} usable photos ('photos.minimum')",
            f"{len(photos)} and {len(collection.rejected)} rejected"
            + (f" ({', '.join(reasons)})" if reasons else ""),
            f"Mend or add photos; `fieldwright status {study.path.name}` says what is wrong with each",
        )
    if study.kind == "segmentation" and any(photo.mask is None for photo in photos):
        raise StudyError(
            "A segmentation must have a mask for every photo",
            f"'{collection.reader}', a collection that has classes alone",
            'Give photos with masks, or set kind = "classification"',
        )
    found = {name: [photos[k] for k in indices] for name, indices in _parted(study, photos).items()}
    if study.photos is not None and study.generator is not None:
        found["train"] += generated_photos(study).photos
    return Parts(**{name: Part.of(some) for name, some in found.items()})


def _parted(study: PhotoStudy, photos: Sequence[LabelledPhoto]) -> Mapping[str, Sequence[int]]:
    shares = {name: getattr(study.split, name) for name in ("train", "validation", "test")}
    if not (study.split.own_parts and any(photo.part == "test" for photo in photos)):
        return split_photos(photos, shares, study.seed)
    own = {name: [k for k, photo in enumerate(photos) if photo.part == name] for name in shares}
    if own["validation"] or not own["train"]:
        return _all_there(own)
    rest = [photos[k] for k in own["train"]]
    total = shares["train"] + shares["validation"]
    drawn = split_photos(rest, {name: shares[name] / total for name in ("train", "validation")}, study.seed)
    found: dict[str, Sequence[int]] = {name: [own["train"][k] for k in rows] for name, rows in drawn.items()}
    return found | {"test": own["test"]}


def _all_there(own: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
    missing = [name for name, indices in own.items() if not indices]
    if missing:
        raise StudyError(
            "The collection's own parts must be train, test and perhaps validation",
            f"none for '{missing[0]}'",
            "Set split.own_parts = false to draw the parts anew",
        )
    return own
