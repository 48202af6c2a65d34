"""What a folder of photos holds, as a page on the terminal, and a first study file for it."""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fieldwright.data.photos.collection import Collection, read_collection
from fieldwright.data.photos.collections import PhotoLayout, layout_of
from fieldwright.flows.photos.report import rejected_photos_table
from fieldwright.flows.progress import report, show_progress

SHOWN_PAIRS = 5


def inspect_photos(folder: Path, console: Console) -> None:
    """Reads the photos of a folder and prints what it holds."""
    with show_progress(console):
        collection = read_collection(
            folder, progress=lambda done, total: report("Reading photos", done, total)
        )
    print_collection(collection, folder, console)


def print_collection(collection: Collection, folder: Path, console: Console) -> None:
    """Prints layout, photos by part and class, what is rejected and why, and near-duplicates."""
    groups = {photo.group for photo in collection.photos}
    console.print(
        f"{folder}: {len(collection.photos)} photos in {len(groups)} groups of tiles or "
        f"near-duplicates, read by '{collection.reader}'",
        markup=False,
        soft_wrap=True,
    )
    table = Table("part", "photos", "cracked", "with a mask")
    for part in dict.fromkeys(photo.part for photo in collection.photos):
        some = [photo for photo in collection.photos if photo.part == part]
        cracked, masks = (
            sum(flags) for flags in zip(*((p.crack is True, p.mask is not None) for p in some), strict=True)
        )
        table.add_row(part or "all", str(len(some)), str(cracked), str(masks))
    console.print(table)
    if collection.rejected:
        console.print(rejected_photos_table(collection.rejected))
    for first, second in collection.near_duplicates[:SHOWN_PAIRS]:
        console.print(f"Near-duplicates: {first}, {second}", markup=False)
    for note in collection.notes:
        console.print(f"Note: {note}", markup=False)


def photos_first_study(folder: Path, beside: Path, candidates: Sequence[str]) -> str:
    """The text of a study file for a folder of photos; raises PhotoError where its layout is not known.

    candidates: not asked, for the labels decide on the kind.
    """
    return first_photo_study(layout_of(folder), folder, beside)


def first_photo_study(layout: PhotoLayout, folder: Path, beside: Path) -> str:
    """The text of a study file for a folder of this layout, to lie in the folder `beside`."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", folder.resolve().name).strip("._-") or "photos"
    kind, candidate = ("segmentation", "crack_unet") if layout.masks else ("classification", "crack_cnn")
    relative = Path(os.path.relpath(folder.resolve(), beside.resolve())).as_posix()
    lines = [
        f"name = {json.dumps(name)}",
        f'kind = "{kind}"' + ('  # or "classification": whether there is any crack' if layout.masks else ""),
        "seed = 0",
        "",
        "[photos]",
        f"folder = {json.dumps(relative, ensure_ascii=False)}",
        f'reader = "{layout.name}"',
        "",
        "[[candidates]]",
        f'kind = "{candidate}"',
    ]
    return "\n".join(lines) + "\n"
