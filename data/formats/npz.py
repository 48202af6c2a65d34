"""NumPy: `.npz` files of named arrays, and `.npy` files of one array, whose rows are samples."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats import register
from fieldwright.data.formats.parsing.arrays.array_reader import ArrayReader
from fieldwright.data.formats.parsing.arrays.named_arrays import NamedArray
from fieldwright.data.formats.parsing.kept_values import kept_while_reading


class NpzReader(ArrayReader):
    """Reads `.npz` and `.npy` files without pickles; arrays are recognised by name and shape."""

    name = "npz"
    version = "1"

    def accepts(self, path: Path) -> bool:
        """By the suffix and the first bytes."""
        if path.suffix.lower() not in (".npz", ".npy") or not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(6).startswith((b"PK\x03\x04", b"\x93NUMPY"))

    @contextmanager
    def open_arrays(self, path: Path) -> Iterator[Mapping[str, Mapping[str, NamedArray]]]:
        """One group of arrays; only headers are read until values are asked for."""
        stamp = path.stat().st_mtime_ns
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                shape, dtype = _header(file, path.stat().st_size, path.name)
            yield {"": {path.stem: _lazily(path, stamp, "", shape, dtype)}}
            return
        try:
            with zipfile.ZipFile(path) as archive:
                yield {"": dict(_members(archive, path, stamp))}
        except zipfile.BadZipFile as error:
            raise TruncatedError(
                f"'{path.name}' must be a whole .npz file", str(error)[:120], "Save it again"
            ) from None


def _members(archive: zipfile.ZipFile, path: Path, stamp: int) -> Iterator[tuple[str, NamedArray]]:
    for member in archive.infolist():
        with archive.open(member) as file:
            shape, dtype = _header(file, member.file_size, f"{path.name}/{member.filename}")
        yield member.filename.removesuffix(".npy"), _lazily(path, stamp, member.filename, shape, dtype)


def _header(file: Any, size: int, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of an array; raises ReadError where its values cannot be in the file."""
    # Bounded, since a damaged header may state any length.
    head = io.BytesIO(file.read(1 << 16))
    version = np.lib.format.read_magic(head)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(head)
    if dtype.hasobject:
        raise ReadError(f"'{name}' must hold plain numbers", "pickled objects", "Save it as numbers")
    if math.prod(shape) * dtype.itemsize > size:
        got = f"{size} bytes for {' x '.join(map(str, shape))} values"
        raise TruncatedError(f"'{name}' must be a whole array", got, "Save it again")
    return shape, dtype


def _lazily(path: Path, stamp: int, member: str, shape: tuple[int, ...], dtype: np.dtype) -> NamedArray:
    return NamedArray(shape, dtype, lambda selection=...: _values(path, stamp, member)[selection])


# The runs of one file are read one after the other: without this each would unpack all of them.
@kept_while_reading(4)
def _values(path: Path, stamp: int, member: str) -> np.ndarray:
    if not member:
        return np.load(path, allow_pickle=False)
    with np.load(path, allow_pickle=False) as archive:
        return archive[member.removesuffix(".npy")]


register(NpzReader())
