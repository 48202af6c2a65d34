"""VTK's legacy container: one file of keywords, each followed by numbers in text or big-endian binary.

Source: VTK File Formats, section "Simple Legacy Formats", versions 1.0 to 5.1 (docs.vtk.org).
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats.parsing.text.number_text import parse_numbers

_DTYPES = {
    "char": "i1", "unsigned_char": "u1", "short": "i2", "unsigned_short": "u2", "int": "i4", "unsigned_int": "u4",
    "long": "i8", "unsigned_long": "u8", "float": "f4", "double": "f8", "vtkidtype": "i4", "vtktypeint64": "i8",
    "vtktypeuint64": "u8", "vtktypeint32": "i4",
}  # fmt: skip
_TITLE = re.compile(rb"# vtk DataFile Version (\d+\.\d+)")


class LegacyFile:
    """The content of a file with a position in it. Raises ReadError where a keyword or number is none."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise ReadError("A VTK result must be a file", f"'{path}'", "Name the file within the run folder")
        self.path, self._content, self._position = path, path.read_bytes(), 0
        self.texts: list[str] = []
        title = _TITLE.match(self.line().encode("latin-1"))
        if title is None:
            raise self.damaged("no VTK title in its first line")
        self.version = float(title[1])
        self.line()
        form = self.line().strip().upper()
        if form not in ("ASCII", "BINARY"):
            raise self.damaged(f"'{form[:40]}' instead of ASCII or BINARY")
        self.binary = form == "BINARY"

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*self._error_parts(got))

    def _error_parts(self, got: str) -> tuple[str, str, str]:
        return (
            f"'{self.path.name}' must be a whole VTK legacy file",
            got,
            "Write the file again from the solver",
        )

    def line(self) -> str:
        """The next line, without its end."""
        if self._position >= len(self._content):
            raise TruncatedError(*self._error_parts("a file that breaks off"))
        end = self._content.find(b"\n", self._position)
        end = len(self._content) if end < 0 else end
        text = self._content[self._position : min(end, self._position + 1000)]
        self._position = end + 1
        return text.decode("latin-1").rstrip("\r")

    def keywords(self) -> list[str]:
        """The words of the next line that has any, skipping metadata; none at the end of the file."""
        while self._position < len(self._content):
            words = self.line().split()
            if words and words[0].upper() == "METADATA":
                # Information keys end with an empty line.
                while self._position < len(self._content) and self.line().strip():
                    pass
            elif words:
                return words
        return []

    def skip_line_of(self, keyword: str) -> None:
        """Steps over the next line where it begins with the keyword."""
        position = self._position
        words = self.keywords()
        if not words or words[0].upper() != keyword:
            self._position = position

    def count(self, words: list[str], index: int) -> int:
        """A whole number at its place in a line of keywords."""
        try:
            value = int(words[index])
        except (IndexError, ValueError):
            raise self.damaged(f"the line '{' '.join(words)[:80]}' without its number") from None
        if value < 0:
            raise self.damaged(f"the line '{' '.join(words)[:80]}' with a negative number")
        return value

    def numbers(self, count: int, kind: str) -> np.ndarray:
        """The next `count` numbers of VTK's type `kind`, native byte order."""
        if kind.lower() == "bit":
            return self._bits(count)
        if kind.lower() not in _DTYPES:
            raise self.damaged(f"numbers of the type '{kind}'")
        dtype = np.dtype(_DTYPES[kind.lower()])
        if self.binary:
            end = self._position + count * dtype.itemsize
            if end > len(self._content):
                raise TruncatedError(
                    *self._error_parts(
                        f"{len(self._content) - self._position} of {end - self._position} bytes"
                    )
                )
            values = np.frombuffer(self._content, dtype.newbyteorder(">"), count, self._position)
            self._position = end
            return values.astype(dtype)
        words = self._content[self._position :].split(None, count)
        if len(words) < count:
            raise TruncatedError(*self._error_parts(f"{len(words)} of {count} numbers"))
        self._position = len(self._content) - (len(words[count]) if len(words) > count else 0)
        try:
            return parse_numbers(
                b" ".join(words[:count]), np.float64 if dtype.kind == "f" else np.int64
            ).astype(dtype)
        except ValueError as word:
            raise self.damaged(f"text among its numbers ('{word}')") from None

    def field(self, n_arrays: int) -> list[tuple[str, np.ndarray]]:
        """The arrays of a FIELD, name and (n, components) values; those of text are left out, see `texts`."""
        arrays = []
        for _ in range(n_arrays):
            words = self.keywords()
            if len(words) < 4:
                raise self.damaged(f"the array '{' '.join(words)[:80]}' without a type")
            name, width, length = words[0], self.count(words, 1), self.count(words, 2)
            if words[3].lower() in ("string", "utf8_string"):
                for _ in range(width * length):
                    self._skip_text()
                self.texts.append(unquote(name))
                continue
            arrays.append((unquote(name), self.numbers(width * length, words[3]).reshape(length, width)))
        return arrays

    def _skip_text(self) -> None:
        """Steps over a string: a line, or in binary a length, whose first two bits tell its size, and letters."""
        if not self.binary:
            self.line()
            return
        size = (
            {3: 1, 2: 2, 1: 4, 0: 8}[self._content[self._position] >> 6]
            if self._position < len(self._content)
            else 1
        )
        head = self._content[self._position : self._position + size]
        self._position += size + (int.from_bytes(head, "big") & ((1 << (8 * size - 2)) - 1))
        if self._position > len(self._content):
            raise TruncatedError(*self._error_parts("a file that breaks off"))

    def _bits(self, count: int) -> np.ndarray:
        if not self.binary:
            return self.numbers(count, "char")
        packed = self.numbers(-(-count // 8), "unsigned_char")
        return np.unpackbits(packed)[:count]
