"""Gmsh's .msh files, versions 2.2 and 4.1, in text or binary: nodes, elements and post-processing data.

Source: Gmsh reference manual, section "MSH file format".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError
from fieldwright.data.formats.parsing.finite_elements.gmsh_cells import GMSH_CELLS
from fieldwright.data.formats.parsing.text.number_text import number_of, parse_numbers

_DATA = ("$NodeData", "$ElementData", "$ElementNodeData")


@dataclass(frozen=True, eq=False)
class MshData:
    """One step of one field, or the part of it from one process.

    kind: the section's name. tags (k,): nodes or elements. values (k, components); for $ElementNodeData one
    (nodes, components) array per element.
    """

    kind: str
    name: str
    time: float
    step: int
    tags: np.ndarray
    values: np.ndarray | list[np.ndarray]


class MshFile:
    """The whole content of a file. Raises ReadError where it breaks off or contradicts itself.

    node_tags (n,), points (n, 3); elements: meshio's type to (tags (k,), node tags (k, nodes) in Gmsh's order).
    """

    def __init__(self, path: Path) -> None:
        self.path, self._content, self._position = path, path.read_bytes(), 0
        self.node_tags, self.points = np.empty(0, np.int64), np.empty((0, 3))
        self.elements: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.data: list[MshData] = []
        self._row, self._row_position, self._binary = np.empty(0), 0, False
        if self._line() != "$MeshFormat":
            raise self.damaged("no $MeshFormat at its beginning")
        version, binary, size = (float(word) for word in self._line().split())
        self._binary = binary == 1
        if version not in (2.0, 2.1, 2.2, 4.1) or size != 8:
            got = f"version {version:g} with {size:g}-byte numbers"
            must = f"'{path.name}' must be in Gmsh's format 2.2 or 4.1"
            raise ReadError(must, got, "Save it with Mesh.MshFileVersion = 4.1")
        if self._binary and self._take("<i4", 1)[0] != 1:
            raise ReadError(f"'{path.name}' must be little-endian", "another byte order", "Save it as text")
        self._close("$MeshFormat")
        self._new = version > 4
        self._read_sections()
        if not len(self.points):
            raise self.damaged("no nodes")

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*self._error_parts(got))

    def _error_parts(self, got: str) -> tuple[str, str, str]:
        return f"'{self.path.name}' must be a whole Gmsh file", got, "Write it again"

    def _read_sections(self) -> None:
        parts: dict[int, list[np.ndarray]] = {}
        while self._position < len(self._content):
            section = self._line()
            if not section:
                continue
            if section == "$Nodes":
                self.node_tags, self.points = self._nodes_4() if self._new else self._nodes_2()
            elif section == "$Elements":
                for kind, rows in self._elements_4() if self._new else self._elements_2():
                    parts.setdefault(kind, []).append(rows)
            elif section in _DATA:
                self.data.append(self._data(section))
            elif section.startswith("$"):
                self._position = self._end_of(section)
            else:
                raise self.damaged(f"'{section[:40]}' where a section should begin")
            self._close(section)
        for kind, rows in parts.items():
            table = np.concatenate(rows)
            self.elements[GMSH_CELLS[kind][0]] = (table[:, 0], table[:, 1:])

    def _nodes_2(self) -> tuple[np.ndarray, np.ndarray]:
        count = self._count(self._line())
        table = self._table("$Nodes", count, 3)
        return table["tag"].astype(np.int64), table["values"]

    def _nodes_4(self) -> tuple[np.ndarray, np.ndarray]:
        self._open("$Nodes")
        n_blocks, n_nodes = (int(n) for n in self._take("<u8", 4)[:2])
        tags, points = [np.empty(0, np.int64)], [np.empty((0, 3))]
        for _ in range(n_blocks):
            dimension, _, parametric = (int(n) for n in self._take("<i4", 3))
            count, width = int(self._take("<u8", 1)[0]), 3 + (dimension if parametric else 0)
            tags.append(self._take("<u8", count).astype(np.int64))
            points.append(self._take("<f8", width * count).reshape(count, width)[:, :3])
        if sum(map(len, tags)) != n_nodes:
            raise self.damaged(f"{sum(map(len, tags))} of {n_nodes} nodes")
        return np.concatenate(tags), np.concatenate(points)

    def _elements_2(self) -> list[tuple[int, np.ndarray]]:
        count = self._count(self._line())
        self._open("$Elements")
        if not self._binary:
            return self._text_elements(count)
        blocks, n_read = [], 0
        while n_read < count:
            kind, number, n_tags = (int(n) for n in self._take("<i4", 3))
            width = 1 + n_tags + self._nodes_of(kind)
            if number < 1 or n_tags < 0:
                raise self.damaged(f"a block of {number} elements with {n_tags} tags")
            table = self._take("<i4", number * width).reshape(number, width).astype(np.int64)
            blocks.append((kind, np.delete(table, np.arange(1, 1 + n_tags), axis=1)))
            n_read += number
        return blocks

    def _text_elements(self, count: int) -> list[tuple[int, np.ndarray]]:
        """Rows of number, type, number of tags, tags and nodes, which are of different lengths."""
        row = self._take("<f8", len(self._row)).astype(np.int64)
        words, position = row.tolist(), 0
        starts: dict[tuple[int, int], list[int]] = {}
        for _ in range(count):
            if position + 3 > len(words):
                raise TruncatedError(*self._error_parts(f"elements that end before {count} of them"))
            kind, n_tags = words[position + 1], words[position + 2]
            if n_tags < 0:
                raise self.damaged(f"an element with {n_tags} tags")
            starts.setdefault((kind, n_tags), []).append(position)
            position += 3 + n_tags + self._nodes_of(kind)
        if position != len(words):
            raise self.damaged(f"{len(words) - position} numbers too many or too few in its elements")
        blocks = []
        for (kind, n_tags), places in starts.items():
            columns = [0, *range(3 + n_tags, 3 + n_tags + self._nodes_of(kind))]
            at = np.array(places)[:, None] + np.array(columns)
            blocks.append((kind, row[at]))
        return blocks

    def _elements_4(self) -> list[tuple[int, np.ndarray]]:
        self._open("$Elements")
        n_blocks, n_elements = (int(n) for n in self._take("<u8", 4)[:2])
        blocks = []
        for _ in range(n_blocks):
            kind = int(self._take("<i4", 3)[2])
            count, width = int(self._take("<u8", 1)[0]), 1 + self._nodes_of(kind)
            blocks.append((kind, self._take("<u8", count * width).astype(np.int64).reshape(count, width)))
        if sum(len(rows) for _, rows in blocks) != n_elements:
            raise self.damaged(f"{sum(len(rows) for _, rows in blocks)} of {n_elements} elements")
        return blocks

    def _data(self, section: str) -> MshData:
        texts = [self._line() for _ in range(self._count(self._line()))]
        reals = [self._real(self._line()) for _ in range(self._count(self._line()))]
        numbers = [self._count(self._line()) for _ in range(self._count(self._line()))]
        if not texts or len(numbers) < 3:
            raise self.damaged(f"a section {section} without its name or its counts")
        name, step, width, count = texts[0].strip('"'), numbers[0], numbers[1], numbers[2]
        time = reals[0] if reals else float(step)
        if section != "$ElementNodeData":
            table = self._table(section, count, width)
            return MshData(section, name, time, step, table["tag"].astype(np.int64), table["values"])
        self._open(section)
        tags, rows = [], []
        for _ in range(count):
            tag, n_nodes = (int(n) for n in self._take("<i4", 2))
            tags.append(tag)
            rows.append(self._take("<f8", n_nodes * width).reshape(n_nodes, width))
        return MshData(section, name, time, step, np.array(tags, dtype=np.int64), rows)

    def _nodes_of(self, kind: int) -> int:
        if kind not in GMSH_CELLS:
            got = f"Gmsh's type {kind}"
            raise ReadError(
                f"Elements in '{self.path.name}' must be of a known type", got, "Lower their order"
            )
        return GMSH_CELLS[kind][1]

    def _table(self, section: str, count: int, width: int) -> np.ndarray:
        """Rows of a tag and values, (count,) with the fields "tag" and "values"."""
        record = np.dtype([("tag", "<i4"), ("values", "<f8", (width,))])
        if self._binary:
            return self._take(record, count)
        self._open(section)
        rows = self._take("<f8", count * (1 + width)).reshape(count, 1 + width)
        table = np.empty(count, np.dtype([("tag", "<i8"), ("values", "<f8", (width,))]))
        table["tag"], table["values"] = rows[:, 0], rows[:, 1:]
        return table

    def _open(self, section: str) -> None:
        """In a text file, turns what is left of the section into numbers, to be taken one after the other."""
        if self._binary:
            return
        end = self._end_of(section)
        try:
            self._row = parse_numbers(self._content[self._position : end])
        except ValueError as word:
            raise self.damaged(f"text among the numbers of {section} ('{word}')") from None
        self._row_position, self._position = 0, end

    def _take(self, kind: str | np.dtype, count: int) -> np.ndarray:
        """The next numbers, as float64 from text, as written from binary."""
        dtype = np.dtype(kind)
        start = self._position if self._binary else self._row_position
        end = start + count * (dtype.itemsize if self._binary else 1)
        if count < 0 or end > len(self._content if self._binary else self._row):
            raise TruncatedError(*self._error_parts(f"a section that ends before {count} more numbers"))
        if not self._binary:
            self._row_position = end
            return self._row[start:end]
        self._position = end
        return np.frombuffer(self._content, dtype, count, start)

    def _end_of(self, section: str) -> int:
        end = self._content.find(f"$End{section[1:]}".encode(), self._position)
        if end < 0:
            raise TruncatedError(*self._error_parts(f"the section {section}, which does not end"))
        return end

    def _close(self, section: str) -> None:
        if not self._binary and self._row_position != len(self._row):
            raise self.damaged(f"{len(self._row) - self._row_position} numbers too many in {section}")
        self._row, self._row_position = np.empty(0), 0
        line = self._line()
        line = line or self._line()
        if line != f"$End{section[1:]}":
            raise self.damaged(f"'{line[:40]}' where {section} should end")

    def _line(self) -> str:
        if self._position >= len(self._content):
            raise TruncatedError(*self._error_parts("a file that breaks off"))
        end = self._content.find(b"\n", self._position)
        end = len(self._content) if end < 0 else end
        text = self._content[self._position : min(end, self._position + 1000)]
        self._position = end + 1
        return text.decode("latin-1").strip()

    def _real(self, text: str) -> float:
        value = number_of(text)
        if value is None:
            raise self.damaged(f"'{text[:40]}' where a number should stand")
        return value

    def _count(self, text: str) -> int:
        if not text.isdigit():
            raise self.damaged(f"'{text[:40]}' where a number should stand")
        return int(text)
