"""CrackForest (Shi, Cui, Qi, Meng & Chen 2016): road surfaces of 480 x 320 pixels, outlines in MATLAB files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from fieldwright.data.errors import PhotoError
from fieldwright.data.photos.collections import Entry, register
from fieldwright.data.photos.outline import Value, checked_mask
from fieldwright.data.photos.pairing import paired, photo_files

CRACK = (2, 4)
"""Labels of crack in `Segmentation`; 1 is background and 3 the area that cracks enclose."""
LABELS = (1, 2, 3, 4)


class CrackForest:
    """`image/*.jpg` with `groundTruth/*.mat` of the same stem."""

    name = "crackforest"
    version = "1"
    looks = "image/ and groundTruth/ with .mat files"
    masks = True

    def accepts(self, folder: Path) -> bool:
        """By both folders, and MATLAB files in the second."""
        truth = folder / "groundTruth"
        return (folder / "image").is_dir() and truth.is_dir() and any(truth.glob("*.mat"))

    def entries(self, folder: Path) -> Iterator[Entry]:
        """By name."""
        masks = photo_files(folder / "groundTruth", frozenset((".mat",)))
        yield from paired(photo_files(folder / "image"), masks)

    def read_mask(self, path: Path, crack_values: tuple[Value, ...] = CRACK) -> np.ndarray:
        """True where `groundTruth.Segmentation` is 2 or 4, or one of the values; raises PhotoError."""
        name = f"the mask '{path.name}'"
        try:
            labels = np.asarray(loadmat(path)["groundTruth"][0, 0]["Segmentation"])
        # Broken MATLAB files raise whatever their bytes lead to.
        except Exception as error:
            raise PhotoError(
                "unreadable",
                f"{name} must be a MATLAB file with 'groundTruth.Segmentation'",
                f"{type(error).__name__} in reading it",
                "Copy it again",
            ) from None
        if labels.ndim != 2 or not np.isin(labels, LABELS).all():
            raise PhotoError(
                "mask not binary",
                f"{name} must hold the labels {', '.join(map(str, LABELS))} for each pixel",
                f"an array of shape {labels.shape} with other values",
                "Copy it again",
            )
        return checked_mask(np.isin(labels, crack_values or CRACK), name)


register(CrackForest())
