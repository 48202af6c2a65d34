"""One OpenFOAM file: its header, its entries, and its lists of numbers in ASCII, binary or gzip.

Source: OpenFOAM v1912, User Guide 4.2 "Basic input/output file format"; List and Field output operators.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from data.errors import ReadError, TruncatedError

COMPONENTS: dict[str, tuple[str, ...]] = {
    "scalar": ("",),
    "vector": ("x", "y", "z"),
    "sphericalTensor": ("ii",),
    "symmTensor": ("xx", "xy", "xz", "yy", "yz", "zz"),
    "tensor": ("xx", "xy", "xz", "yx", "yy", "yz", "zx", "zy", "zz"),
}
_HEADER = re.compile(rb"FoamFile\s*\{(.*?)\}", re.S)
_ENTRY = re.compile(rb"(\w+)\s+(\"[^\"]*\"|[^;]*);")
_CLASS = re.compile(r"(vol|point)([A-Z]\w*?)Field(::Internal)?")
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.S)
_COUNT = re.compile(rb"\s*(\d+)\s*([({]?)")
_CLOSING = re.compile(rb"\)\s*\)")
_TO_SPACES = bytes.maketrans(b"(){}", b"    ")
_HEAD_SIZE = 8192
_BASE_UNITS = ("kg", "m", "s", "K", "mol", "A", "cd")
_NAMED_UNITS: dict[tuple[float, ...], str] = {
    (1, -1, -2, 0, 0, 0, 0): "Pa",
    (1, 1, -2, 0, 0, 0, 0): "N",
    (1, 2, -2, 0, 0, 0, 0): "J",
}


def unit_of(dimensions: str) -> str:
    """Dimensions as an SI unit: "0 1 -1 0 0 0 0" is "m/s"; "1" where all are 0; what is no number stays."""
    try:
        powers = tuple(float(power) for power in dimensions.split())
    except ValueError:
        return dimensions
    powers = tuple(int(p) if p == int(p) else p for p in powers + (0,) * (7 - len(powers)))
    if powers in _NAMED_UNITS:
        return _NAMED_UNITS[powers]
    pairs = list(zip(_BASE_UNITS, powers, strict=False))
    over = " ".join(f"{u}{p if p != 1 else ''}" for u, p in pairs if p > 0)
    under = " ".join(f"{u}{-p if p != -1 else ''}" for u, p in pairs if p < 0)
    if not under:
        return over or "1"
    return f"{over or '1'}/({under})" if " " in under else f"{over or '1'}/{under}"


@dataclass(frozen=True)
class FoamField:
    """A field's place ("cell" or "point"), kind ("vector", ...), SI unit, and the entry with its values."""

    on: Literal["point", "cell"]
    kind: str
    unit: str | None
    entry: str

    @property
    def components(self) -> tuple[str, ...]:
        return COMPONENTS[self.kind]


class FoamFile:
    """A file of a case, `name` or `name.gz`, as bytes and header entries (class, format, arch, note, ...).

    head_only reads the first kB alone: enough for header, dimensions and the length of the first list.
    Raises ReadError where the file is missing, has no header or is no whole gzip file.
    """

    def __init__(self, path: Path, head_only: bool = False) -> None:
        self.path = path if path.exists() else path.with_name(path.name + ".gz")
        if not self.path.is_file():
            raise ReadError(
                "An OpenFOAM case must hold " + path.name, f"no '{path}'", "Restore or rerun the case"
            )
        size = _HEAD_SIZE if head_only else -1
        try:
            with gzip.open(self.path) if self.path.suffix == ".gz" else self.path.open("rb") as file:
                self.content: bytes = file.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise TruncatedError(*self._whole(f"gzip data that breaks off ({error})")) from None
        header = _HEADER.search(self.content, 0, _HEAD_SIZE)
        if header is None:
            kind = ReadError if self.content else TruncatedError
            raise kind(*self._whole("no FoamFile header"))
        self.start = header.end()
        self.header = {
            k.decode(): v.strip(b'" ').decode(errors="replace") for k, v in _ENTRY.findall(header[1])
        }
        self.binary = self.header.get("format") == "binary"
        # The precision of the solver, also where it wrote text.
        self.scalar = np.float32 if "scalar=32" in self.header.get("arch", "") else np.float64

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*self._whole(got))

    def _whole(self, got: str) -> tuple[str, str, str]:
        must = f"'{self.path.parent.name}/{self.path.name}' must be a whole OpenFOAM file"
        return must, got, "Write it again, or leave this run out"

    def entry(self, name: str, default: str = "") -> str:
        """The value of a top-level `name value;` entry of a dictionary, comments aside."""
        pattern = rb"(?:^|[;{}])\s*" + name.encode() + rb"\s+([^;{]*);"
        found = re.search(pattern, _COMMENT.sub(b"", self.content), re.M)
        return found[1].decode(errors="replace").strip(' "') if found else default

    def about(self) -> FoamField | None:
        """What field the file holds by its class; None for one on faces and for what is no field."""
        found = _CLASS.fullmatch(self.header.get("class", ""))
        kind = found[2][0].lower() + found[2][1:] if found else ""
        if found is None or kind not in COMPONENTS:
            return None
        entry = "value" if found[3] else "internalField"
        return FoamField("cell" if found[1] == "vol" else "point", kind, self.unit, entry)

    @property
    def unit(self) -> str | None:
        """The unit of the field, as `unit_of` has it; None where no dimensions are given."""
        found = re.search(rb"dimensions\s+\[([^\]]*)\]", self.content[:_HEAD_SIZE])
        return unit_of(found[1].decode(errors="replace")) if found else None

    def length(self) -> int:
        """The length of the file's first list, without reading the list."""
        return int(self._count(self._skip_comments(self.start))[1])

    def list_of(self, kind: str, start: int | None = None) -> tuple[np.ndarray, int]:
        """The list at `start` (None: after the header), (n,) or (n, components), and the position after it.

        kind is "label" or a key of COMPONENTS.
        """
        found = self._count(self._skip_comments(self.start) if start is None else start)
        length, width = int(found[1]), 1 if kind == "label" else len(COMPONENTS[kind])
        shape = (length, width) if width > 1 else (length,)
        if length == 0:
            return np.empty(shape, np.int64 if kind == "label" else self.scalar), found.end() + 1
        if found[2] == b"{":
            end = self.content.find(b"}", found.end())
            values = self._numbers(found.end(), end, kind, width)
            # A view, not a copy: the length may be damaged, and is checked where it must fit the mesh.
            return np.broadcast_to(values if width > 1 else values[0], shape), end + 1
        if self.binary:
            values, end = self._raw(found.end(), length * width, kind)
        else:
            end = self._end_of_list(found.end(), nested=width > 1)
            if width > 1 and self.content.count(b"(", found.end(), end) != length:
                raise self.damaged(f"a list of {length} {kind}s with other brackets than that")
            values = self._numbers(found.end(), end, kind, length * width)
        return values.reshape(shape), end + 1

    def flat_label_lists(self) -> np.ndarray:
        """The numbers of an ASCII list of label lists in one row: each list's length, then its labels."""
        found = self._count(self._skip_comments(self.start))
        return self._numbers(found.end(), self._end_of_list(found.end(), nested=True), "label", None)

    def field(self, entry: str, kind: str, length: int) -> np.ndarray:
        """The (length, components) values of a field's `internalField` or `value` entry, uniform or not."""
        found = re.compile(rb"\b" + entry.encode() + rb"\s+(non)?uniform\b\s*(?:List<\w+>)?").search(
            self.content, self.start
        )
        if found is None:
            raise self.damaged(f"no '{entry}' that is uniform or nonuniform numbers")
        width = len(COMPONENTS[kind])
        if not found[1]:
            end = self.content.find(b";", found.end())
            return np.tile(self._numbers(found.end(), end, kind, width), (length, 1))
        values, _ = self.list_of(kind, found.end())
        if len(values) != length:
            raise self.damaged(f"{len(values)} values for {length} places of the mesh")
        return values.reshape(length, width)

    def _count(self, position: int) -> re.Match[bytes]:
        found = _COUNT.match(self.content, position)
        if found is None or (not found[2] and int(found[1]) > 0):
            raise self.damaged("no list where one is expected")
        return found

    def _skip_comments(self, position: int) -> int:
        blank = re.compile(rb"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.S).match(self.content, position)
        return blank.end() if blank else position

    def _end_of_list(self, start: int, nested: bool) -> int:
        if nested:
            closing = _CLOSING.search(self.content, start)
            end = closing.end() - 1 if closing else -1
        else:
            end = self.content.find(b")", start)
        if end < 0:
            raise TruncatedError(*self._whole("a list that breaks off"))
        return end

    def _numbers(self, start: int, end: int, kind: str, count: int | None) -> np.ndarray:
        text = self.content[start : max(end, start)].translate(_TO_SPACES)
        try:
            values = np.fromstring(text, dtype=np.int64 if kind == "label" else self.scalar, sep=" ")
        except ValueError:
            raise self.damaged(
                f"text among its numbers, as in '{text[:60].decode(errors='replace').strip()}'"
            ) from None
        if count is not None and len(values) != count:
            raise self.damaged(f"{len(values)} of {count} numbers")
        return values

    def _raw(self, start: int, count: int, kind: str) -> tuple[np.ndarray, int]:
        arch = self.header.get("arch", "")
        order = ">" if "MSB" in arch else "<"
        letter, word = ("i", "label") if kind == "label" else ("f", "scalar")
        told = re.search(word + r"=(\d+)", arch)
        # Older versions do not tell their sizes; the bracket that closes the list does.
        sizes = (int(told[1]) // 8,) if told else (4, 8) if kind == "label" else (8, 4)
        for size in sizes:
            end = start + count * size
            if self.content[end : end + 1] == b")":
                values = np.frombuffer(self.content, f"{order}{letter}{size}", count, start)
                return values.astype(np.int64 if kind == "label" else f"=f{size}"), end
        if start + count * sizes[0] >= len(self.content):
            raise TruncatedError(*self._whole(f"a binary list that breaks off before {count} numbers"))
        raise self.damaged(f"a binary list of {count} numbers that does not end where it should")
