"""What is asked about photos in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fieldwright.data.errors import QueryError
from fieldwright.data.photos.pairing import photo_files
from fieldwright.surrogates.cracks.measurement.scale import Scale


@dataclass(frozen=True)
class PhotoQuestion:
    """What is asked about photos.

    photos: a file, or a folder of them. mm_per_px: None for lengths in pixels. threshold, prevalence: None for those
    of the model. table: CSV to be written. folder: that masks and overlays are written to.
    """

    photos: Path
    mm_per_px: float | None = None
    scale_error: float = 0.0
    threshold: float | None = None
    prevalence: float | None = None
    table: Path | None = None
    folder: Path | None = None

    def files(self) -> list[Path]:
        """The photos, by name; raises QueryError where there are none."""
        files = photo_files(self.photos) if self.photos.is_dir() else [self.photos]
        if not files or not files[0].is_file():
            raise QueryError(
                "'--photos' must name a photo, or a folder of photos",
                f"'{self.photos}'{', which holds none' if self.photos.is_dir() else ''}",
                "Correct the path",
            )
        first: dict[str, Path] = {}
        for path in files if self.folder is not None else []:
            if first.setdefault(path.stem, path) is not path:
                raise QueryError(
                    "Photos whose pictures are written to one folder must differ by more than their suffix",
                    f"'{first[path.stem].name}' and '{path.name}'",
                    "Rename one, or leave '--out' away",
                )
        return files

    def scale(self) -> Scale | None:
        """Raises FieldwrightError for one that is none."""
        return None if self.mm_per_px is None else Scale(self.mm_per_px, self.scale_error)

    def check(self, others: Mapping[str, Any]) -> None:
        """Raises QueryError for what is wrong whatever the model, before seconds go into loading it.

        others: what was given beside it, by the name of the option, which belongs to a query by numbers.
        """
        self.files()
        self.scale()
        for name, value in others.items():
            if value:
                raise QueryError("Photos must be asked about by themselves", f"{name} too", "Leave it out")
