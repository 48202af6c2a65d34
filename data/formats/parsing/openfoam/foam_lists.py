"""An OpenFOAM file's bytes, header and lists of numbers, in ASCII, binary or gzip.

Source: OpenFOAM v1912, User Guide 4.2 "Basic input/output file format"; List and Field output operators.
"""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats.parsing.openfoam.foam_tokens import Tokens, skip_blank, without_comments
from fieldwright.data.formats.parsing.text.number_text import parse_numbers

COMPONENTS: dict[str, tuple[str, ...]] = {
    "scalar": ("",),
    "vector": ("x", "y", "z"),
    "sphericalTensor": ("ii",),
    "symmTensor": ("xx", "xy", "xz", "yy", "yz", "zz"),
    "tensor": ("xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"),
}
_DIGITS = re.compile(rb"\d+")
_NESTED = re.compile(rb"\s*\d*\s*\(")
_CLOSING = re.compile(rb"\)\s*\)")
_CLOSING_UNKNOWN = re.compile(rb"\)\s*;")
_SMALL_NAN = re.compile(rb"(nan)\(\w*\)", re.I)
_TO_SPACES = bytes.maketrans(b"(){}", b"    ")
_HEAD_SIZE = 8192


class FoamLists:
    """A file of a case, `name` or `name.gz`, as bytes and header entries (class, format, arch, note, ...).

    head_only reads the first kB alone: enough for header, dimensions and the length of the first list.
    Raises ReadError where the file is missing, has no header that it needs or is no whole gzip file.
    """

    def __init__(self, path: Path, head_only: bool = False, needs_header: bool = True) -> None:
        self.path = path if path.exists() else path.with_name(path.name + ".gz")
        if not self.path.is_file():
            raise ReadError(
                "An OpenFOAM case must hold " + path.name, f"no '{path}'", "Restore or rerun the case"
            )
        self._ends: dict[int, int] = {}
        self.start, self.header = 0, {}
        for size in (_HEAD_SIZE, -1) if head_only else (-1,):
            self.content = self._bytes(size)
            self.is_whole = size < 0 or len(self.content) < size
            self.start, self.header = self._read_header()
            if self.start or self.is_whole:
                break
        if self.start == 0 and needs_header:
            kind = ReadError if self.content else TruncatedError
            raise kind(*self._error_parts("no FoamFile header"))
        self.binary = self.header.get("format") == "binary"
        if not self.binary and any(word in self.content for word in (b"nan(", b"NaN(", b"NAN(")):
            # Brackets would end the list.
            self.content = _SMALL_NAN.sub(lambda m: m[1] + b" " * (len(m[0]) - 3), self.content)
        # The precision of the solver, also where it wrote text.
        self.scalar = np.float32 if "scalar=32" in self.header.get("arch", "") else np.float64

    def _bytes(self, size: int) -> bytes:
        try:
            with gzip.open(self.path) if self.path.suffix == ".gz" else self.path.open("rb") as file:
                return file.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise TruncatedError(*self._error_parts(f"gzip data that breaks off ({error})")) from None

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*self._error_parts(got))

    def breaks_off(self, where: str) -> TruncatedError:
        """The error for content that ends too early, to raise."""
        return TruncatedError(*self._error_parts(f"{where} that breaks off"))

    def _error_parts(self, got: str) -> tuple[str, str, str]:
        must = f"'{self.path.parent.name}/{self.path.name}' must be a whole OpenFOAM file"
        return must, got, "Write it again, or leave this run out"

    def _read_header(self) -> tuple[int, dict[str, str]]:
        """Where the header ends, 0 without one, and its own entries; those of its sub-dictionaries are left out."""
        start = 3 if self.content.startswith(b"\xef\xbb\xbf") else 0
        tokens = Tokens(self.content, start, lambda position, _: position)
        first = tokens.next()
        if first is None or first.text != "FoamFile" or not tokens.next_is("{"):
            return 0, {}
        header: dict[str, str] = {}
        words: list[str] = []
        depth = 0
        while token := tokens.next():
            if token.kind == "mark" and token.text in "{}":
                depth += 1 if token.text == "{" else -1
                words = []
                if depth == 0:
                    return tokens.position, header
            elif token.kind == "mark" and token.text == ";":
                if depth == 1 and len(words) > 1:
                    header[words[0]] = " ".join(words[1:])
                words = []
            else:
                words.append(token.text)
        return 0, {}

    def length(self) -> int:
        """The length of the file's first list; found by reading the list where it does not state its length."""
        length, _, inside = self._opened(self.start)
        if length is not None:
            return length
        file = self if self.is_whole else FoamLists(self.path)
        first = skip_blank(file.content, inside)
        if _NESTED.match(file.content, first):
            return file.content.count(b"(", first, file._end_of_list(first, nested=True))
        return len(file.list_of("scalar")[0])

    def list_of(self, kind: str, start: int | None = None) -> tuple[np.ndarray, int]:
        """The list at `start` (None: after the header), (n,) or (n, components), and the position after it.

        kind is "label" or a key of COMPONENTS. The length in front of the bracket is optional.
        """
        length, bracket, inside = self._opened(self.start if start is None else start)
        width = 1 if kind == "label" else len(COMPONENTS[kind])
        if length == 0 and bracket != b"(":
            return self._shaped(np.empty(0, self._dtype(kind)), width), inside
        if bracket == b"{":
            end = self.content.find(b"}", inside)
            values = self._numbers(inside, end, kind, width)
            # A view, not a copy: the length may be damaged, and is checked where it must fit the mesh.
            shape = (length or 0, width) if width > 1 else (length or 0,)
            return np.broadcast_to(values if width > 1 else values[0], shape), end + 1
        if self.binary and length:
            values, end = self._raw(inside, length * width, kind)
            return self._shaped(values, width), end + 1
        if skip_blank(self.content, inside) == (end := self.content.find(b")", inside)):
            if length:
                raise self.damaged(f"none of {length} {kind}s")
            return self._shaped(np.empty(0, self._dtype(kind)), width), end + 1
        end = self._end_of_list(inside, nested=width > 1)
        n_brackets = self.content.count(b"(", inside, end)
        if n_brackets != ((n_brackets if length is None else length) if width > 1 else 0):
            raise self.damaged(f"a list of {length} {kind}s with other brackets than that")
        count = length * width if length is not None else n_brackets * width if width > 1 else None
        return self._shaped(self._numbers(inside, end, kind, count), width), end + 1

    def numbers_at(self, start: int, kind: str) -> np.ndarray:
        """The numbers of the list at `start`, of any kind; "" where the kind is not given."""
        kind = kind or self._own_kind()
        if kind == "label" or kind in COMPONENTS:
            return self.list_of(kind, start)[0]
        if self.binary:
            raise self.damaged(f"a binary list of the kind '{kind}'")
        return self._numbers(self._opened(start)[2], self.end_of_list(start, kind), "scalar", None)

    def end_of_list(self, start: int, kind: str) -> int:
        """The position after the list at `start`, whose values are not read; kind "" where it is not given."""
        length, bracket, inside = self._opened(start)
        if not bracket:
            return inside
        if bracket == b"{":
            end = self.content.find(b"}", inside)
        elif self.binary and length:
            kind = kind or self._own_kind()
            if kind == "label" or kind in COMPONENTS:
                width = 1 if kind == "label" else len(COMPONENTS[kind])
                return self._raw_size(inside, length * width, kind)[1] + 1
            closing = _CLOSING_UNKNOWN.search(self.content, inside)
            end = closing.start() if closing else -1
        elif self.content[skip_blank(self.content, inside)] == ord(")"):
            end = self.content.find(b")", inside)
        else:
            nested = _NESTED.match(self.content, skip_blank(self.content, inside))
            end = self._end_of_list(inside, nested=nested is not None)
        if end < 0:
            raise self.breaks_off("a list")
        return end + 1

    def label_lists(self) -> tuple[np.ndarray, np.ndarray]:
        """The labels of an ASCII list of label lists in one row, and the (n + 1,) starts of the lists in it."""
        length, _, inside = self._opened(self.start)
        end = self._end_of_list(inside, nested=True)
        first = skip_blank(self.content, inside)
        if self.content[first : first + 1] == b"(":
            rows = self.content[inside:end].split(b")")[:-1]
            sizes = np.array([len(row.replace(b"(", b" ").split()) for row in rows])
            labels = self._numbers(inside, end, "label", int(sizes.sum()))
        else:
            labels, sizes = self._without_sizes(self._numbers(inside, end, "label", None))
        if length is not None and len(sizes) != length:
            raise self.damaged(f"{len(sizes)} of {length} faces")
        if sizes.min(initial=3) < 3:
            raise self.damaged(f"a face of {sizes.min()} points")
        return labels, np.concatenate([[0], np.cumsum(sizes)])

    def _without_sizes(self, mixed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels and sizes of lists that each stand behind their size."""
        sizes_at, position, row = [], 0, mixed.tolist()
        while position < len(row):
            sizes_at.append(position)
            if row[position] < 1:
                raise self.damaged(f"a face of {row[position]} points")
            position += row[position] + 1
        if position != len(row):
            raise self.damaged(f"{len(sizes_at)} faces that do not end where their points do")
        return np.delete(mixed, sizes_at), mixed[sizes_at]

    def _opened(self, start: int) -> tuple[int | None, bytes, int]:
        """The length of a list (None where it is not stated), its bracket ("" where it has none) and what follows."""
        position = skip_blank(self.content, start)
        number = _DIGITS.match(self.content, position)
        length = int(number[0]) if number else None
        after = skip_blank(self.content, number.end()) if number else position
        bracket = self.content[after : after + 1]
        if bracket in (b"(", b"{") and not (bracket == b"{" and length is None):
            return length, bracket, after + 1
        if length == 0 and number:
            return 0, b"", number.end()
        raise self.damaged("no list where one is expected")

    def _own_kind(self) -> str:
        match = re.fullmatch(
            r"(?:vol|point|surface)([A-Z]\w*?)Field(?:::Internal)?", self.header.get("class", "")
        )
        return match[1][0].lower() + match[1][1:] if match else ""

    def _dtype(self, kind: str) -> type:
        return np.int64 if kind == "label" else self.scalar

    @staticmethod
    def _shaped(values: np.ndarray, width: int) -> np.ndarray:
        return values.reshape(-1, width) if width > 1 else values

    def _end_of_list(self, start: int, nested: bool) -> int:
        """Where the bracket stands that closes the list whose first value or list is at `start`."""
        if start in self._ends:
            return self._ends[start]
        end = self._closing(start, nested)
        if not self.binary and self.content.find(b"/", start, end if end >= 0 else len(self.content)) >= 0:
            # A comment may hold brackets and numbers of its own.
            self.content = without_comments(self.content, start)
            end = self._closing(start, nested)
        if end < 0:
            raise self.breaks_off("a list")
        self._ends[start] = end
        return end

    def _closing(self, start: int, nested: bool) -> int:
        if not nested:
            return self.content.find(b")", start)
        closing = _CLOSING.search(self.content, start)
        return closing.end() - 1 if closing else -1

    def _numbers(self, start: int, end: int, kind: str, count: int | None) -> np.ndarray:
        text = self.content[start : max(end, start)].translate(_TO_SPACES)
        try:
            values = parse_numbers(text, self._dtype(kind), count)
        except ValueError as word:
            raise self.damaged(f"text among its numbers, as in '{word}'") from None
        if count is not None and len(values) != count:
            raise self.damaged(f"{len(values)} of {count} numbers")
        return values

    def _raw(self, start: int, count: int, kind: str) -> tuple[np.ndarray, int]:
        size, end = self._raw_size(start, count, kind)
        order = ">" if "MSB" in self.header.get("arch", "") else "<"
        letter = "i" if kind == "label" else "f"
        values = np.frombuffer(self.content, f"{order}{letter}{size}", count, start)
        return values.astype(np.int64 if kind == "label" else f"=f{size}"), end

    def _raw_size(self, start: int, count: int, kind: str) -> tuple[int, int]:
        """Bytes of each number of a binary list, and where the bracket that closes it stands."""
        bits = re.search(("label" if kind == "label" else "scalar") + r"=(\d+)", self.header.get("arch", ""))
        # Older versions do not state the size of a number; the position of the closing bracket decides.
        sizes = (int(bits[1]) // 8,) if bits else (4, 8) if kind == "label" else (8, 4)
        for size in sizes:
            end = start + count * size
            if self.content[end : end + 1] == b")":
                return size, end
        if start + count * sizes[0] >= len(self.content):
            raise TruncatedError(*self._error_parts(f"a binary list that breaks off before {count} numbers"))
        raise self.damaged(f"a binary list of {count} numbers that does not end where it should")
