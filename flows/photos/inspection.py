"""What a folder of photos holds, as a page on the terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from fieldwright.data.photos.collection import Collection, read_collection
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
