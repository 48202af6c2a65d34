"""Values of HDF5 datasets, with the checks that damaged counts need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError

# Deflate, the strongest usual filter, shrinks by 1032 at most.
_STRONGEST = 1032


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """The open h5py file; raises ReadError where it is missing, cut short or no HDF5."""
    import h5py

    if not path.is_file():
        raise ReadError("The HDF5 file must exist", f"no '{path}'", "Copy it beside the file that names it")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        kind = TruncatedError if "truncated" in str(error) else ReadError
        raise kind(
            f"'{path.name}' must be a whole HDF5 file",
            str(error).split("(", 1)[-1].rstrip(")"),
            "Write it again",
        ) from None
    try:
        yield file
    finally:
        file.close()


def values_of(dataset: Any, selection: Any = ...) -> np.ndarray:
    """The values, or those of a selection; raises ReadError where the stated size cannot be in the file."""
    stored = dataset.id.get_storage_size()
    size = math.prod(dataset.shape) * dataset.dtype.itemsize
    if size > max(_STRONGEST * stored, 65536):
        raise ReadError(
            f"The dataset '{dataset.name}' must be written in full",
            f"{stored} bytes for {size} bytes of values",
            "Write the file again",
        )
    return np.asarray(dataset[selection])
