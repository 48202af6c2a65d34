"""The state of a study's photos: accepted and rejected."""

from __future__ import annotations

from rich.console import Console

from fieldwright.data.photos.photo_catalogue import PhotoCatalogue
from fieldwright.flows.photos.report import rejected_photos_table
from fieldwright.flows.study.photo_study import PhotoStudy


def print_catalogue(study: PhotoStudy, console: Console) -> bool:
    """Prints the numbers of accepted and rejected photos; returns whether any have been read."""
    if not study.catalogue_path.exists():
        console.print(f"'{study.name}' has read no photos yet: fieldwright run {study.path.name}")
        return False
    catalogue = PhotoCatalogue(study.catalogue_path)
    rejected = catalogue.rejected()
    console.print(
        f"[bold]{study.name}[/]: {catalogue.count() - len(rejected)} photos usable, {len(rejected)} rejected"
    )
    console.print(f"catalogue: {study.catalogue_path}", markup=False, soft_wrap=True)
    if rejected:
        console.print(rejected_photos_table(rejected))
    return True
