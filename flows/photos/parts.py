"""The photos of a study as read and checked, and their parts for training, selection and test."""

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
    """Photos with their pixels and labels; outlines are there for a segmentation alone.

    weights: (n,) how often each is learned from, 1 for most; None where it is 1 for all.
    """

    photos: tuple[LabelledPhoto, ...]
    pixels: PixelSequence
    outlines: PixelSequence
    weights: np.ndarray | None = None

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
    """Photos to learn from, to choose the best candidate by, and to evaluate it by, once."""

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
    """Reads new and changed photos of the study's folder and rejects those that cannot be used.

    Without a folder the photos are those that the generator draws.
    """
    settings = study.photos
    if settings is None:
        return generated_photos(study)
    return read_collection(
        study.beside(settings.folder),
        settings.reader,
        photos=settings.photos,
        masks=settings.masks,
        group=settings.group,
        reading=settings.reading,
        catalogue=PhotoCatalogue(study.catalogue_path),
        progress=lambda done, total: report_progress("Reading photos", done, total),
        comparing=lambda done, total: report_progress("Looking for copies", done, total),
    )


def parts_of(study: PhotoStudy, collection: Collection) -> Parts:
    """Divides the photos as the study says; raises StudyError where they are too few or lack what it learns from.

    Photos drawn beside a collection are learned from alone: how well a model does is measured on real ones.
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
    photos_of = {
        name: [photos[k] for k in indices] for name, indices in _indices_by_part(study, photos).items()
    }
    if study.photos is not None and study.generator is not None:
        photos_of["train"] += generated_photos(study).photos
    return Parts(**{name: Part.of(some) for name, some in photos_of.items()})


def _indices_by_part(study: PhotoStudy, photos: Sequence[LabelledPhoto]) -> Mapping[str, Sequence[int]]:
    shares = {name: getattr(study.split, name) for name in ("train", "validation", "test")}
    if not (study.split.predefined and any(photo.part == "test" for photo in photos)):
        return split_photos(photos, shares, study.seed)
    predefined = {name: [k for k, photo in enumerate(photos) if photo.part == name] for name in shares}
    if predefined["validation"] or not predefined["train"]:
        return _require_all_parts(predefined)
    others = [photos[k] for k in predefined["train"]]
    total = shares["train"] + shares["validation"]
    rows_of = split_photos(
        others, {name: shares[name] / total for name in ("train", "validation")}, study.seed
    )
    indices: dict[str, Sequence[int]] = {
        name: [predefined["train"][k] for k in rows] for name, rows in rows_of.items()
    }
    return indices | {"test": predefined["test"]}


def _require_all_parts(indices_of: Mapping[str, Sequence[int]]) -> Mapping[str, Sequence[int]]:
    missing = [name for name, indices in indices_of.items() if not indices]
    if missing:
        raise StudyError(
            "The parts that the collection comes with must be train, test and perhaps validation",
            f"none for '{missing[0]}'",
            "Set split.predefined = false to draw the parts anew",
        )
    return indices_of
