"""A collection of labelled photos: read, checked, copies of one photo found; what cannot be used is rejected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.collections import Entry, PhotoLayout, layout_named, layout_of
from fieldwright.data.photos.collections.pairs import PairedFolders
from fieldwright.data.photos.fingerprint import near_duplicates
from fieldwright.data.photos.labelled_photo import LabelledPhoto
from fieldwright.data.photos.look import Look, files_of, look_at
from fieldwright.data.photos.pairing import group_of
from fieldwright.data.photos.photo_catalogue import PhotoCatalogue
from fieldwright.data.photos.reading import PLAIN, PhotoReading

Progress = Callable[[int, int], None]
_THREADS = 2
_AT_ONCE = 64


@dataclass(frozen=True)
class Collection:
    """What a folder of photos holds.

    photos: by name; near-duplicates share a group. rejected: name, reason and sentence of each rejected photo.
    near_duplicates: pairs of names. reader: name of the layout. unchanged: photos that were not read again.
    """

    photos: tuple[LabelledPhoto, ...]
    rejected: tuple[tuple[str, str, str], ...]
    near_duplicates: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    reader: str
    unchanged: int = 0


def layout_for(folder: Path, reader: str | None, photos: str | None, masks: str | None) -> PhotoLayout:
    """The named layout, or the one that the folder has; raises PhotoError where the folder does not match."""
    if photos is None and masks is None:
        layout = layout_of(folder) if reader is None else layout_named(reader)
    else:
        layout = PairedFolders(photos or PairedFolders.photos, masks or PairedFolders.masks_folder)
    if not layout.accepts(folder):
        raise PhotoError(
            "no collection",
            f"A folder for the reader '{layout.name}' must have {layout.looks}",
            f"'{folder}' without them",
            "Correct the folder, or leave out 'reader' to have it recognised",
        )
    return layout


def read_collection(
    folder: Path,
    reader: str | None = None,
    *,
    photos: str | None = None,
    masks: str | None = None,
    group: str | None = None,
    reading: PhotoReading = PLAIN,
    catalogue: PhotoCatalogue | None = None,
    progress: Progress | None = None,
    comparing: Progress | None = None,
) -> Collection:
    """Reads and checks every photo of a folder with its label.

    reader: name of the layout, recognised if None. photos, masks: the pair of folders, for the reader "pairs".
    group: regular expression on a photo's name without suffix, whose first group names the large photo that it is a
    tile of; the layout's own rule if None. reading: settings that the files lack. catalogue: of earlier looks.
    progress, comparing: called with (done, total) as photos are
    read and as they are compared for copies. Raises PhotoError where the folder has no known layout.
    """
    layout = layout_for(folder, reader, photos, masks)
    entries = [_regrouped(entry, group) for entry in layout.entries(folder)]
    settings = f"{layout.name} {layout.version} {reading}"
    looks, unchanged = _looks(entries, layout, reading, settings, catalogue, progress)
    refused = [(look.name, look.reason or "", look.sentence or "") for look in looks if look.reason]
    sound = [(entry, look) for entry, look in zip(entries, looks, strict=True) if look.reason is None]
    unique, copies = _without_copies(sound)
    pairs = near_duplicates(np.array([look.small for _, look in unique]), comparing) if unique else []
    groups = _joined([entry.group for entry, _ in unique], pairs)
    rejected = (*refused, *copies)
    if catalogue is not None:
        catalogue.settle((entry.name for entry in entries), rejected)
    labelled = tuple(_labelled(*one, name, layout, reading) for one, name in zip(unique, groups, strict=True))
    names = tuple((labelled[i].name, labelled[j].name) for i, j in pairs)
    return Collection(labelled, rejected, names, _notes(labelled, names), layout.name, unchanged)


def _regrouped(entry: Entry, pattern: str | None) -> Entry:
    return (
        entry if pattern is None else replace(entry, group=group_of(PurePosixPath(entry.name).stem, pattern))
    )


def _looks(
    entries: Sequence[Entry],
    layout: PhotoLayout,
    reading: PhotoReading,
    settings: str,
    catalogue: PhotoCatalogue | None,
    progress: Progress | None,
) -> tuple[list[Look], int]:
    """A look at every entry in order, and how many of them were known before."""
    previous = catalogue.looks(settings) if catalogue else {}
    looks, unchanged = [], 0

    def look_of(entry: Entry) -> tuple[Look, bool]:
        before = previous.get(entry.name)
        if before is not None and _stamps(before.files) == _stamps(files_of(entry)):
            return before, True
        return look_at(entry, layout, reading), False

    # Decoding leaves Python's lock; more than a few large photos at a time would fill the memory.
    with ThreadPoolExecutor(_THREADS) as threads:
        for start in range(0, len(entries), _AT_ONCE):
            batch = list(threads.map(look_of, entries[start : start + _AT_ONCE]))
            if catalogue:
                catalogue.save((look for look, old in batch if not old), settings)
            looks += [look for look, _ in batch]
            unchanged += sum(old for _, old in batch)
            if progress:
                progress(len(looks), len(entries))
    return looks, unchanged


def _stamps(files: Iterable) -> list[tuple[str, int, int]]:
    return [(file.path, file.size, file.mtime_ns) for file in files]


def _without_copies(
    sound: Sequence[tuple[Entry, Look]],
) -> tuple[list[tuple[Entry, Look]], list[tuple[str, str, str]]]:
    """One of each photo; copies to the byte are rejected, all of them where their labels contradict each other."""
    same: dict[str, list[tuple[Entry, Look]]] = defaultdict(list)
    for entry, look in sound:
        same[look.files[0].sha256].append((entry, look))
    unique, rejected = [], []
    for copies in same.values():
        first = copies[0][1]
        labels = {(look.crack, *(file.sha256 for file in look.files[1:])) for _, look in copies}
        if len(labels) == 1:
            unique.append(copies[0])
            reason, do = "duplicated", "Delete one of them"
        else:
            reason, do = "labels contradict", "Correct the label of one and delete the other"
        for _, look in copies if len(labels) > 1 else copies[1:]:
            twin = next(other.name for _, other in (copies[-1], copies[0]) if other.name != look.name)
            why = PhotoError(
                reason,
                "A photo must be in a collection once, with one label",
                f"'{look.name}', the same as '{twin if len(labels) > 1 else first.name}'",
                do,
            )
            rejected.append((look.name, reason, str(why)))
    return unique, rejected


def _joined(groups: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[str]:
    """The groups, with those that near-duplicates link made one, under the name that comes first."""
    parent = {name: name for name in groups}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for i, j in pairs:
        low, high = sorted((root(groups[i]), root(groups[j])))
        parent[high] = low
    return [root(name) for name in groups]


def _labelled(
    entry: Entry, look: Look, group: str, layout: PhotoLayout, reading: PhotoReading
) -> LabelledPhoto:
    assert entry.photo is not None
    hashes = [file.sha256 for file in look.files]
    return LabelledPhoto(
        entry.name,
        entry.photo,
        entry.mask,
        look.crack,
        group,
        hashes[0],
        hashes[1] if hashes[1:] else "",
        entry.part,
        layout.read_mask,
        reading,
    )


def _notes(photos: Sequence[LabelledPhoto], near: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    notes = []
    if near:
        notes.append(f"{len(near)} pairs of photos are near-duplicates: they stay on one side of every split")
    parts = defaultdict(set)
    for photo in photos:
        parts[photo.group].add(photo.part)
    n_divided = sum(len(part_names) > 1 for part_names in parts.values())
    if n_divided:
        notes.append(
            f"{n_divided} groups of tiles or near-duplicates lie in several parts of the collection: its own test "
            "part is easier than new photos"
        )
    labels = {photo.name: photo.crack for photo in photos}
    unlike = [f"'{a}' and '{b}'" for a, b in near if labels[a] != labels[b]]
    if unlike:
        notes.append(f"near-duplicates of which only one is labelled cracked: {', '.join(unlike[:5])}")
    return tuple(notes)
