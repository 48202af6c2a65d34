"""MATLAB and Octave: `.mat` files of version 5 to 7.3, arrays recognised by name and shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.formats import register
from fieldwright.data.formats.parsing.arrays.array_reader import ArrayReader
from fieldwright.data.formats.parsing.arrays.hdf5_values import open_hdf5, values_of
from fieldwright.data.formats.parsing.arrays.mat5_file import Mat5File
from fieldwright.data.formats.parsing.arrays.named_arrays import NamedArray
from fieldwright.data.formats.parsing.kept_values import kept_while_reading

# Stands for structs, cells and texts, which hold no field.
_NO_NUMBERS = np.empty(1, dtype=object)


class MatReader(ArrayReader):
    """Reads `.mat` files; structs and cell arrays are left out."""

    name = "mat"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        if path.suffix.lower() != ".mat" or not path.is_file():
            return False
        with path.open("rb") as file:
            head = file.read(520)
        return head.startswith((b"MATLAB", b"\x89HDF\r\n\x1a\n")) or head[512:].startswith(b"\x89HDF")

    @contextmanager
    def open_arrays(self, path: Path) -> Iterator[Mapping[str, Mapping[str, NamedArray]]]:
        """One group of arrays; those of version 7.3 are HDF5 with their axes the other way round."""
        with path.open("rb") as file:
            head = file.read(128)
        if head.startswith(b"MATLAB 5.0"):
            yield {
                "": {
                    n: _named_array(values) for n, values in _version_5(path, path.stat().st_mtime_ns).items()
                }
            }
        else:
            with open_hdf5(path) as file:
                yield {"": {name: _turned(item) for name, item in file.items() if name != "#refs#"}}


@kept_while_reading(2)
def _version_5(path: Path, stamp: int) -> dict[str, np.ndarray]:
    """The arrays of a file, kept while its runs are read one after the other."""
    file = Mat5File(path)
    return {**file.arrays, **dict.fromkeys(file.others, _NO_NUMBERS)}


def _named_array(values: np.ndarray) -> NamedArray:
    return NamedArray(values.shape, values.dtype, lambda selection=...: values[selection])


def _turned(item: Any) -> NamedArray:
    if not hasattr(item, "shape") or item.dtype.kind not in "fiu" or "MATLAB_empty" in item.attrs:
        return _named_array(_NO_NUMBERS)
    return NamedArray(
        item.shape[::-1], np.dtype(item.dtype), lambda selection=...: values_of(item).T[selection]
    )


register(MatReader())
