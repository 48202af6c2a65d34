"""Arrays that lie in a file which every worker sees: sent by their path, mapped into memory where they are used."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np


class SharedArray:
    """An array in an npy file: rows and columns are read as they are asked for.

    Parameters
    ----------
    path
        Of the file, which `write` has written; the same on every machine.
    shape
        Of the array; the file holds the values in C order.
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.path, self.shape = path, shape
        self._values: np.ndarray | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return SharedArray, (self.path, self.shape)

    @classmethod
    def write(cls, array: np.ndarray, path: Path) -> SharedArray:
        """Writes an array to a path that does not exist yet."""
        beside = path.with_suffix(".part")
        with open(beside, "xb") as file:
            np.save(file, np.ascontiguousarray(array).reshape(-1), allow_pickle=False)
            file.flush()
            # Another machine sees what has reached the server of the file system.
            os.fsync(file.fileno())
        os.replace(beside, path)
        return cls(path, array.shape)

    @property
    def mapped(self) -> np.ndarray:
        """The array, read-only, of which the system reads what is touched."""
        if self._values is None:
            # As a plain array: a slice of a memmap is one too, and slower in small steps.
            values = np.asarray(np.load(self.path, mmap_mode="r", allow_pickle=False))
            self._values = values.reshape(self.shape)
        return self._values

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        return self.mapped.dtype

    def __getitem__(self, key: Any) -> np.ndarray:
        return self.mapped[key]

    def __len__(self) -> int:
        return self.shape[0]

    def reshape(self, *shape: int) -> SharedArray:
        """The same values in another shape, of which one length may be -1."""
        return SharedArray(self.path, self.mapped.reshape(*shape).shape)


def array_of(shared: np.ndarray | SharedArray) -> np.ndarray:
    """The array that was shared."""
    return shared.mapped if isinstance(shared, SharedArray) else shared
