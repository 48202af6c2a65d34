"""A photo with what is known of its cracks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.photos.outline import stored_outline
from fieldwright.data.photos.reading import PLAIN, MaskReader, PhotoReading


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo, its mask or its class; pixels are read when asked for.

    name: unique within the collection. mask: outline of the cracks, None where only the class is known.
    crack: whether there is any, from the class or from the mask. group: photos of one group are never separated by
    a split. sha256, mask_sha256: of the files' bytes. part: "train", "validation" or "test", if given.
    read_mask: how the collection's masks are read. reading: settings that the files lack.
    """

    name: str
    photo: Path
    mask: Path | None
    crack: bool | None
    group: str
    sha256: str
    mask_sha256: str = ""
    part: str | None = None
    read_mask: MaskReader = stored_outline
    reading: PhotoReading = PLAIN

    def pixels(self) -> np.ndarray:
        """(h, w, 3) uint8 RGB; raises PhotoError."""
        return self.reading.pixels(self.photo)

    def outline(self) -> np.ndarray | None:
        """(h, w) bool, True where there is crack; None where there is no mask. Raises PhotoError."""
        return None if self.mask is None else self.reading.outline(self.photo, self.mask, self.read_mask)
