"""The classic NetCDF formats: 32-bit (CDF-1), 64-bit offsets (CDF-2) and 64-bit data (CDF-5).

Source: NetCDF User's Guide, appendix "File Format Specifications" (docs.unidata.ucar.edu).
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError

_DIMENSIONS, _VARIABLES, _ATTRIBUTES = 10, 11, 12
_DTYPES = {
    1: "i1",
    2: "S1",
    3: ">i2",
    4: ">i4",
    5: ">f4",
    6: ">f8",
    7: "u1",
    8: ">u2",
    9: ">u4",
    10: ">i8",
    11: ">u8",
}
_UNKNOWN_NUMBER = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}


@dataclass(frozen=True, eq=False)
class Variable:
    """One variable: its dimensions, shape, type, attributes, and `values(selection)` on demand."""

    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype
    attributes: dict[str, Any]
    values: Callable[..., np.ndarray]

    def text(self, name: str) -> str:
        """A text attribute, "" where there is none."""
        value = self.attributes.get(name, "")
        return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def read_classic(path: Path) -> dict[str, Variable]:
    """The variables of a file by name; raises ReadError where its header or its length is not what it must be."""
    return _Header(path).variables


class _Header:
    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        version = self._content[3]
        if self._content[:3] != b"CDF" or version not in (1, 2, 5):
            raise self._damaged(f"the beginning {self._content[:4]!r}")
        self._at = 4
        self._wide = 8 if version == 5 else 4
        self._offset = 4 if version == 1 else 8
        n_records = self._number(self._wide)
        self._dimensions = [
            (self._name(), self._number(self._wide)) for _ in range(self._length_of(_DIMENSIONS))
        ]
        self._attributes()
        listed = [self._variable() for _ in range(self._length_of(_VARIABLES))]
        self.variables = self._placed(listed, n_records)

    def _damaged(self, got: str) -> ReadError:
        return ReadError(f"'{self._path.name}' must be a whole NetCDF file", got, "Write it again")

    def _take(self, size: int) -> bytes:
        if size > len(self._content) - self._at:
            got = f"a header that breaks off at byte {len(self._content)}"
            raise TruncatedError(f"'{self._path.name}' must be a whole NetCDF file", got, "Write it again")
        self._at += size
        return self._content[self._at - size : self._at]

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _length_of(self, tag: int) -> int:
        """The number of entries of a list, which is empty or begins with its tag."""
        list_tag, count = self._number(4), self._number(self._wide)
        if list_tag not in (0, tag) or (list_tag == 0 and count) or count > len(self._content):
            raise self._damaged(f"a list of {count} entries tagged {list_tag}")
        return count

    def _name(self) -> str:
        size = self._number(self._wide)
        return self._take(size + -size % 4)[:size].decode("utf-8", errors="replace")

    def _attributes(self) -> dict[str, Any]:
        attributes = {}
        for _ in range(self._length_of(_ATTRIBUTES)):
            name, dtype, count = self._name(), self._dtype(), self._number(self._wide)
            size = count * dtype.itemsize
            values = np.frombuffer(self._take(size + -size % 4), dtype, count)
            attributes[name] = (
                values.tobytes() if dtype.kind == "S" else values.astype(dtype.newbyteorder("="))
            )
        return attributes

    def _dtype(self) -> np.dtype:
        kind = self._number(4)
        if kind not in _DTYPES:
            raise self._damaged(f"the unknown type {kind}")
        return np.dtype(_DTYPES[kind])

    def _variable(self) -> tuple[str, list[int], dict[str, Any], np.dtype, int]:
        name = self._name()
        rank = self._number(self._wide)
        if rank > len(self._dimensions) + 8:
            raise self._damaged(f"a variable of {rank} dimensions")
        numbers = [self._number(self._wide) for _ in range(rank)]
        if any(number >= len(self._dimensions) for number in numbers):
            raise self._damaged(f"the variable '{name}' over a dimension that is not there")
        attributes, dtype = self._attributes(), self._dtype()
        # The size that follows is redundant, and wrong for large variables.
        self._number(self._wide)
        return name, numbers, attributes, dtype, self._number(self._offset)

    def _placed(self, listed: list, n_records: int) -> dict[str, Variable]:
        """The variables with their places in the file; those with a record dimension alternate in each record."""
        sizes = {}
        for name, numbers, _, dtype, _ in listed:
            over_records = bool(numbers) and self._dimensions[numbers[0]][1] == 0
            inner = tuple(
                self._dimensions[number][1] for number in (numbers[1:] if over_records else numbers)
            )
            sizes[name] = (over_records, inner, math.prod(inner) * dtype.itemsize)
        recorded = [size for over_records, _, size in sizes.values() if over_records]
        # A lone variable of small numbers is packed without padding.
        stride = recorded[0] if len(recorded) == 1 else sum(size + -size % 4 for size in recorded)
        if n_records == _UNKNOWN_NUMBER[self._wide]:
            starts = [begin for name, *_, begin in listed if sizes[name][0]]
            n_records = (len(self._content) - min(starts, default=0)) // stride if stride else 0
        variables = {}
        for name, numbers, attributes, dtype, begin in listed:
            over_records, inner, size = sizes[name]
            shape = (n_records, *inner) if over_records else inner
            last = begin + (n_records - 1) * stride + size if over_records and n_records else begin + size
            if last > len(self._content):
                got = f"{len(self._content)} bytes where '{name}' ends at {last}"
                raise TruncatedError(
                    f"'{self._path.name}' must be a whole NetCDF file", got, "Write it again"
                )
            strides = _steps(inner, dtype.itemsize)
            view = np.ndarray(
                shape, dtype, self._content, begin, (stride, *strides) if over_records else strides
            )
            names = tuple(self._dimensions[number][0] for number in numbers)
            variables[name] = Variable(names, shape, dtype, attributes, _taker(view))
        return variables


def _steps(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    return tuple(itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape)))


def _taker(view: np.ndarray) -> Callable[..., np.ndarray]:
    def take(selection: Any = ...) -> np.ndarray:
        values = view[selection]
        return values.astype(view.dtype.newbyteorder("="))

    return take
