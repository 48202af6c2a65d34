"""What a classifier looks at of a photo: all of it, or overlapping squares of a large one."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch.nn import functional as torch_functions

LARGEST_WHOLE = 1.5
"""Longest side of a photo that is looked at whole, in sides of a patch: it is stretched by that at most."""
Box = tuple[int, int, int, int]
"""First row, first column, rows and columns of a patch."""


def boxes(shape: tuple[int, ...], patch: int) -> list[Box]:
    """Where to look in a photo of shape (h, w, ...).

    Squares of the side min(patch, h, w), evenly spaced by half of it or a little less, the last of each row
    and column flush with the edge, so that a crack near the edge of one lies well inside another. An axis of
    up to 1.5 sides is not divided; a photo that is divided along neither is looked at whole.
    """
    side = min(patch, *shape[:2])
    along = [_intervals(extent, side) for extent in shape[:2]]
    return [(row, column, rows, columns) for row, rows in along[0] for column, columns in along[1]]


def _intervals(extent: int, side: int) -> list[tuple[int, int]]:
    """First pixel and number of pixels of each patch along one axis."""
    if extent <= LARGEST_WHOLE * side:
        return [(0, extent)]
    number = 1 + math.ceil((extent - side) / (side / 2))
    return [(round(k * (extent - side) / (number - 1)), side) for k in range(number)]


def patch_image(photo: np.ndarray, box: Box, size: int) -> np.ndarray:
    """The patch brought to (size, size, 3) uint8: averaged where it shrinks, bilinear where it grows."""
    row, column, rows, columns = box
    piece = photo[row : row + rows, column : column + columns]
    if piece.shape[:2] == (size, size):
        return piece
    # A copy, since torch takes no array that cannot be written to.
    tensor = torch.from_numpy(np.array(piece, order="C")).permute(2, 0, 1)[None]
    small = torch_functions.interpolate(
        tensor, size=(size, size), mode="bilinear", antialias=True, align_corners=False
    )
    return small[0].permute(1, 2, 0).numpy()
