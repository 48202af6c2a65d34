"""Photos or masks as a sequence of arrays that are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self, overload

import numpy as np

from fieldwright.data.photos.labelled_photo import LabelledPhoto

KEPT_BYTES = 1 << 30


class PixelSequence(Sequence[np.ndarray]):
    """Arrays by index; those read first stay in memory up to a number of bytes, others are read each time.

    readers: one function for each array. kept_bytes: how much may stay in memory.
    """

    def __init__(self, readers: Sequence[Callable[[], np.ndarray]], kept_bytes: int = KEPT_BYTES) -> None:
        self._readers = readers
        self._room = kept_bytes
        self._cache: dict[int, np.ndarray] = {}

    @classmethod
    def of_photos(cls, photos: Sequence[LabelledPhoto]) -> Self:
        """The pixels (h, w, 3) uint8 of each photo."""
        return cls([photo.pixels for photo in photos])

    @classmethod
    def of_outlines(cls, photos: Sequence[LabelledPhoto]) -> Self:
        """The outline (h, w) bool of each photo; every one must have a mask."""

        def reader(photo: LabelledPhoto) -> Callable[[], np.ndarray]:
            return lambda: np.asarray(photo.outline(), dtype=bool)

        return cls([reader(photo) for photo in photos])

    def __len__(self) -> int:
        return len(self._readers)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: slice) -> list[np.ndarray]: ...
    def __getitem__(self, index: int | slice) -> np.ndarray | list[np.ndarray]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        if index in self._cache:
            return self._cache[index]
        array = self._readers[index]()
        if array.nbytes <= self._room:
            self._room -= array.nbytes
            self._cache[index] = array
        return array
