"""Labels of photos, checked before anything is learned from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fieldwright.data.errors import ModelError


def checked_labels(photos: Sequence[np.ndarray], cracked: np.ndarray, least: int) -> np.ndarray:
    """Labels (n,) as bool, one for each photo and enough of each class; raises ModelError."""
    cracked = np.asarray(cracked)
    if cracked.dtype != bool or cracked.shape != (len(photos),):
        raise ModelError(
            "Each photo must have one label, true where it shows a crack",
            f"{len(photos)} photos and labels of shape {cracked.shape} and type {cracked.dtype}",
            "Give an array of bool, one for each photo",
        )
    number = int(cracked.sum()), int((~cracked).sum())
    if min(number) < least:
        raise ModelError(
            f"At least {least} photos with and {least} without a crack are needed",
            f"{number[0]} with and {number[1]} without",
            "Add photos of the class that is short",
        )
    return cracked
