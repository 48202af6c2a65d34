"""CalculiX's result file .frd: nodes, elements and blocks of nodal values, in text or binary.

Source: CalculiX GraphiX manual, section "Result Format". Text has fixed columns: numbers need no blank between.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldwright.data.errors import ReadError, TruncatedError, UnfinishedError
from fieldwright.data.formats.parsing.finite_elements.frd_cells import FRD_CELLS
from fieldwright.data.formats.parsing.finite_elements.frd_wide import glued_elements, wide_records
from fieldwright.data.formats.parsing.text.number_text import number_of, parse_numbers

_TENSOR = {(1, 1): "xx", (2, 2): "yy", (3, 3): "zz", (1, 2): "xy", (2, 3): "yz", (3, 1): "xz", (1, 3): "xz"}
_FORMAT, _COUNT = slice(73, 75), slice(24, 36)


@dataclass(frozen=True)
class FrdBlock:
    """Where the values of one field at one increment stand in the file.

    value: the time, frequency or load factor; analysis: 0 static, 1 transient, 2 frequency, ...
    increment: step, increment, and its number in the file, which distinguishes modes.
    """

    name: str
    components: tuple[str, ...]
    value: float
    analysis: int
    increment: tuple[int, int, int]
    length: int
    start: int
    form: int


class FrdFile:
    """The blocks of a file, found by their headers; values are read on demand.

    Raises ReadError where the file breaks off or contradicts itself.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file() or path.stat().st_size == 0:
            raise ReadError(
                "A CalculiX result must be a file with content", f"'{path}'", "Run ccx, or correct the path"
            )
        self.path = path
        with path.open("rb") as file:
            self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._newline = 2 if self._content[: self._content.find(b"\n") + 1].endswith(b"\r\n") else 1
        self.blocks: list[FrdBlock] = []
        self.n_elements = self.n_nodes = 0
        self._nodes_at = (0, 0)
        self._elements_at: tuple[int, int, int] | None = None
        self._binary_elements: list[int] = []
        self._wide: dict[int, int] = {}
        self._scan()
        if self.n_nodes == 0:
            raise self.damaged("no nodes")

    def damaged(self, got: str) -> ReadError:
        """The error for content that contradicts itself, to raise."""
        return ReadError(*self._error_parts(got))

    def _error_parts(self, got: str) -> tuple[str, str, str]:
        return (
            f"'{self.path.name}' must be a whole CalculiX result file",
            got,
            "Run it again, or leave it out",
        )

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers (n,), as the file has them, and coordinates (n, 3) of the nodes."""
        start, form = self._nodes_at
        return self._table(start, self.n_nodes, 3, form)

    def elements(self) -> dict[str, np.ndarray]:
        """Node numbers of the elements by meshio's name of their type, each (k, nodes of the type)."""
        if self._elements_at is None or self.n_elements == 0:
            return {}
        start, end, form = self._elements_at
        words = self._words(start, end, form)
        starts = np.flatnonzero(words == -1) + 1 if form < 2 else np.array(self._binary_elements)
        if len(starts) != self.n_elements or len(words) < starts[-1] + 4:
            raise self.damaged(f"{len(starts)} of {self.n_elements} elements")
        sizes = np.diff(np.append(starts, len(words) + 1 if form < 2 else len(words))) - (
            1 if form < 2 else 0
        )
        kinds = words[starts + 1]
        cells = {}
        for kind in dict.fromkeys(kinds.tolist()):
            name, order = self._cell(kind)
            of_kind = kinds == kind
            if np.any(sizes[of_kind] != 4 + len(order)):
                raise self.damaged(f"elements of type {name} without {len(order)} nodes")
            cells[name] = words[starts[of_kind, None] + 4 + np.array(order)]
        return cells

    def values(self, block: FrdBlock) -> tuple[np.ndarray, np.ndarray]:
        """Node numbers (k,) and values (k, components), float64 from text, as written from binary."""
        return self._table(block.start, block.length, len(block.components), block.form)

    def _table(self, start: int, count: int, width: int, form: int) -> tuple[np.ndarray, np.ndarray]:
        if start in self._wide:
            try:
                return wide_records(self._content[start : self._wide[start]], count, width)
            except ValueError as error:
                raise self.damaged(f"records of nodes that cannot be read ({error})") from None
        table = np.frombuffer(self._content, self._record(width, form), count, start)
        return self._cast(table["node"], np.int64), self._values_of(table, form)

    def _scan(self) -> None:
        position, size, increment = 0, len(self._content), (0, 0)
        while position < size:
            line, position = self._line(position)
            if line.startswith("    2C"):
                self.n_nodes, form = self._int(line[_COUNT]), self._int(line[_FORMAT])
                self._nodes_at = (position, form)
                position = self._after_records(position, self.n_nodes, 3, form, "its nodes")
            elif line.startswith("    3C"):
                self.n_elements, form = self._int(line[_COUNT]), self._int(line[_FORMAT])
                position = self._after_elements(position, form)
            elif line.startswith("    1PSTEP"):
                words = line.split()
                increment = (self._int(words[3]), self._int(words[2])) if len(words) > 3 else increment
            elif line.startswith("  100C"):
                position = self._after_block(line, position, increment)
            elif line.startswith(" 9999"):
                return
            elif not re.match(r" {4}1|  -3| -3", line):
                raise self.damaged(f"the line '{line[:40].strip()}' where a block should begin")
        raise UnfinishedError(*self._error_parts("no closing 9999: CalculiX did not end as it should"))

    def _after_block(self, header: str, position: int, increment: tuple[int, int]) -> int:
        line, position = self._line(position)
        name, described = line[5:13].strip(), self._int(line[13:18])
        components = []
        for _ in range(described):
            line, position = self._line(position)
            component = self._component(line)
            components += [component] if component is not None else []
        if not name or not components:
            raise self.damaged("a block of values without a name")
        components = [""] if len(components) == 1 else components
        # A time that is wider than its column moves what follows it.
        wide = re.match(r".{12}( *[-+]?\d\.\d+[Ee][-+]\d{3})", header)
        moved = max(0, len(wide[1]) - 12) if wide else 0
        value = number_of(header[12 : 24 + moved])
        if value is None:
            raise self.damaged(f"the time '{header[12:24].strip()}'")
        header = header[:12] + header[12 + moved :]
        length, form = self._int(header[_COUNT]), self._int(header[_FORMAT])
        analysis, number = self._int(header[56:58]), self._int(header[58:63])
        key = (*increment, number)
        self.blocks.append(FrdBlock(name, tuple(components), value, analysis, key, length, position, form))
        return self._after_records(position, length, len(components), form, f"{name} at {value:g}")

    def _component(self, line: str) -> str | None:
        """The name of a component; None for one that is only derived, not written."""
        kind, first, second, derived = (self._int(line[i : i + 5] or "0") for i in (18, 23, 28, 33))
        if derived:
            return None
        if kind == 2 and 1 <= first <= 3:
            return "xyz"[first - 1]
        return _TENSOR.get((first, second), line[5:13].strip()) if kind == 4 else line[5:13].strip()

    def _line(self, position: int) -> tuple[str, int]:
        end = self._content.find(b"\n", position)
        end = len(self._content) if end < 0 else end
        if end - position > 200 or position >= len(self._content):
            raise self.damaged(f"no header at byte {position}")
        return self._content[position:end].decode("ascii", errors="replace").rstrip("\r"), end + 1

    def _int(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise self.damaged(f"'{text.strip()}' where a whole number should stand") from None

    def _record(self, width: int, form: int) -> np.dtype:
        """One node's record: in text 6 values a line, in binary a number and the values."""
        if form >= 2:
            return np.dtype([("node", "<i4"), ("values0", "<f4" if form == 2 else "<f8", (width,))])
        digits, fields = (5 if form == 0 else 10), []
        for i, first in enumerate(range(0, width, 6)):
            values = (min(6, width - first),)
            node = "node" if i == 0 else f"blank{i}"
            fields += [(f"mark{i}", "S3"), (node, f"S{digits}"), (f"values{i}", "S12", values)]
            fields += [(f"end{i}", f"S{self._newline}")]
        return np.dtype(fields)

    def _after_records(self, start: int, count: int, width: int, form: int, where: str) -> int:
        if form not in (0, 1, 2, 3) or count < 0:
            raise self.damaged(f"{count} records in format {form}")
        end = start + count * self._record(width, form).itemsize
        # In text a line " -3" follows, in binary the next block.
        if form < 2 and self._content[end : end + 3] != b" -3":
            end = self._content.find(b"\n -3", start - 1) + 1
            if end > 0 and self._content[start - 1 : end].count(b"\n -1") != count:
                raise self.damaged(f"{where}, which does not end after {count} nodes")
            self._wide[start] = end
        if end <= 0 or end > len(self._content):
            raise TruncatedError(*self._error_parts(f"{where}, which breaks off before {count} nodes"))
        return end

    def _after_elements(self, start: int, form: int) -> int:
        if form < 2:
            end = self._content.find(b"\n -3", start - 1)
            if end < 0:
                raise TruncatedError(*self._error_parts("elements that break off"))
        else:
            end = self._binary_end(start)
        self._elements_at = (start, end, form)
        return end + (1 if form < 2 else 0)

    def _binary_end(self, start: int) -> int:
        """Where binary elements end; stores their starts, counted in words."""
        end = start
        for _ in range(self.n_elements):
            self._binary_elements.append((end - start) // 4)
            kind = int.from_bytes(self._content[end + 4 : end + 8], "little")
            end += 4 * (4 + len(self._cell(kind)[1]))
            if end > len(self._content):
                raise TruncatedError(*self._error_parts("elements that break off"))
        return end

    def _words(self, start: int, end: int, form: int) -> np.ndarray:
        """The whole numbers of the elements; in text each begins with -1, and continuation marks are left out."""
        if form >= 2:
            return np.frombuffer(self._content, "<i4", (end - start) // 4, start).astype(np.int64)
        try:
            words = parse_numbers(self._content[start:end], np.int64)
        except ValueError as word:
            raise self.damaged(f"text among its elements ('{word}')") from None
        digits = 5 if form == 0 else 10
        if np.any(words >= 10**digits):
            try:
                return glued_elements(self._content[start:end], digits)
            except ValueError:
                raise self.damaged("elements that do not stand in their columns") from None
        return words[words != -2]

    def _cell(self, kind: int) -> tuple[str, tuple[int, ...]]:
        if kind not in FRD_CELLS:
            raise self.damaged(f"an element of the unknown type {kind}")
        return FRD_CELLS[kind]

    def _values_of(self, table: np.ndarray, form: int) -> np.ndarray:
        names = table.dtype.names or ()
        columns = [table[name] for name in names if name.startswith("values")]
        marks = [name for name in names if name.startswith("mark")]
        if any(np.any(table[mark] != (b" -1" if mark == "mark0" else b" -2")) for mark in marks):
            raise self.damaged("lines of values that do not stand in their columns")
        if form >= 2:
            return columns[0]
        return np.concatenate([self._cast(column, np.float64) for column in columns], axis=1)

    def _cast(self, column: np.ndarray, kind: type) -> np.ndarray:
        try:
            return column.astype(kind)
        except ValueError as error:
            values = [number_of(word.decode("latin-1")) for word in column.ravel()]
            if kind is np.int64 or None in values:
                raise self.damaged(f"text where a number should stand ({error})") from None
            return np.array(values, kind).reshape(column.shape)
