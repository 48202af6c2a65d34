"""MATLAB's level 5 files (versions 5 to 7.2): numeric arrays by name. SciPy's reader crashes on damaged ones.

Source: MAT-File Format, MathWorks, section "Level 5 MAT-File Format".
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError

_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_IS_COMPLEX = 0x08
# Deflate shrinks by 1032 at most: more than that is a damaged length.
_STRONGEST = 1032


@dataclass(frozen=True)
class _Element:
    kind: int
    content: bytes


class Mat5File:
    """arrays: by name, in MATLAB's shape; others: names of everything else.

    Raises ReadError where the file breaks off or contradicts itself.
    """

    def __init__(self, path: Path) -> None:
        self._path, content = path, path.read_bytes()
        mark = content[126:128]
        if len(content) < 128 or mark not in (b"IM", b"MI"):
            raise self._damaged("no mark of its byte order")
        self._order = "<" if mark == b"IM" else ">"
        self.arrays: dict[str, np.ndarray] = {}
        self.others: list[str] = []
        position = 128
        while position < len(content):
            element, position = self._element(content, position, padded=False)
            if element.kind == _COMPRESSED:
                element = self._unpacked(element.content)
            if element.kind == _MATRIX:
                self._matrix(element.content)

    def _damaged(self, got: str) -> ReadError:
        return ReadError(*self._error_parts(got))

    def _error_parts(self, got: str) -> tuple[str, str, str]:
        return f"'{self._path.name}' must be a whole MATLAB file", got, "Save it again"

    def _element(self, content: bytes, position: int, padded: bool = True) -> tuple[_Element, int]:
        """The data element at a position, and where the next one begins."""
        if position + 8 > len(content):
            raise TruncatedError(*self._error_parts(f"{len(content)} bytes where more should follow"))
        kind, size = (int(n) for n in np.frombuffer(content, f"{self._order}u4", 2, position))
        if kind >> 16:
            # A small element has type and length in one word and its data in the next.
            kind, size = kind & 0xFFFF, kind >> 16
            if size > 4:
                raise self._damaged(f"a small element of {size} bytes")
            return _Element(kind, content[position + 4 : position + 4 + size]), position + 8
        start = position + 8
        if start + size > len(content):
            raise TruncatedError(*self._error_parts(f"{len(content)} bytes where {start + size} are needed"))
        # Compressed elements follow one another without padding.
        step = size + (-size % 8 if padded or kind != _COMPRESSED else 0)
        return _Element(kind, content[start : start + size]), start + step

    def _unpacked(self, packed: bytes) -> _Element:
        stream = zlib.decompressobj()
        try:
            head = stream.decompress(packed, 8)
            kind, size = (int(n) for n in np.frombuffer(head, f"{self._order}u4", 2))
            if size > _STRONGEST * len(packed):
                raise self._damaged(f"{size} bytes out of {len(packed)} compressed ones")
            content = stream.decompress(stream.unconsumed_tail, max(size, 1))
        except (zlib.error, ValueError) as error:
            raise self._damaged(f"compressed data that is garbled ({error})") from None
        if len(content) < size:
            raise TruncatedError(*self._error_parts(f"{len(content)} of {size} unpacked bytes"))
        return _Element(kind, content)

    def _matrix(self, content: bytes) -> None:
        flags, position = self._element(content, 0)
        shape, position = self._element(content, position)
        name, position = self._element(content, position)
        if len(flags.content) < 8 or shape.kind != 5 or len(shape.content) % 4:
            raise self._damaged("an array without its shape")
        word = int(np.frombuffer(flags.content, f"{self._order}u4", 1)[0])
        label = name.content.decode("latin-1")
        kind = _CLASSES.get(word & 0xFF)
        if kind is None:
            self.others.append(label)
            return
        lengths = tuple(int(n) for n in np.frombuffer(shape.content, f"{self._order}i4"))
        real, position = self._element(content, position)
        values = self._numbers(label, real, lengths).astype(kind)
        if word >> 8 & _IS_COMPLEX:
            imaginary, _ = self._element(content, position)
            values = values + 1j * self._numbers(label, imaginary, lengths)
        self.arrays[label] = values

    def _numbers(self, name: str, element: _Element, shape: tuple[int, ...]) -> np.ndarray:
        """Values, stored column by column in the smallest type that holds them."""
        if element.kind not in _STORED:
            raise self._damaged(f"values of '{name}' of type {element.kind}")
        dtype = np.dtype(self._order + _STORED[element.kind])
        if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(element.content):
            words = " x ".join(map(str, shape))
            raise self._damaged(f"{len(element.content)} bytes for '{name}' of {words} values")
        return np.frombuffer(element.content, dtype).reshape(shape, order="F")
