"""Numbers that all workers share, in memory: no full disk can stop what only counts."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence


def shared_memory(rows: int, columns: int) -> int:
    """A file descriptor of zeroed memory for so many numbers, which children inherit."""
    size = 8 * rows * columns
    if hasattr(os, "memfd_create"):
        memory = os.memfd_create("fieldwright")
    else:
        with tempfile.TemporaryFile() as file:
            memory = os.dup(file.fileno())
    # Written in full: space that is only promised would fail at its first use, by a signal that kills the process.
    os.write(memory, bytes(size))
    return memory


BYTES = 6
"""Of a text that one float64 holds exactly."""
TEXT_COLUMNS = 16
TEXT_BYTES = BYTES * TEXT_COLUMNS


def decoded_text(numbers: Sequence[float]) -> str:
    """The text that `SharedRows.put_text` has put into these TEXT_COLUMNS numbers."""
    content = b"".join(int(number).to_bytes(BYTES, "big") for number in numbers)
    return content.rstrip(b"\0").decode("utf-8", "ignore")


class SharedRows:
    """Rows of float64, one for each worker. Each is written by its worker alone, so nothing is locked or lost."""

    def __init__(self, memory: int, rows: int, columns: int, row: int = 0) -> None:
        self.rows, self.columns, self.row = rows, columns, row
        self._numbers = memoryview(mmap.mmap(memory, 8 * rows * columns)).cast("d")
        self._start = row * columns

    @classmethod
    def private(cls, columns: int) -> SharedRows:
        """One row that no other process sees."""
        memory = shared_memory(1, columns)
        try:
            return cls(memory, 1, columns)
        finally:
            os.close(memory)

    def add(self, column: int, amount: float = 1.0) -> None:
        """Adds to a number of this worker's row."""
        self._numbers[self._start + column] += amount

    def put(self, column: int, value: float, row: int | None = None) -> None:
        """Sets a number, of this worker's row unless another is named."""
        self._numbers[(self.row if row is None else row) * self.columns + column] = value

    def column(self, column: int) -> list[float]:
        """The number of every row."""
        return list(self._numbers[column :: self.columns])

    def table(self) -> list[list[float]]:
        """The numbers of every row."""
        numbers = list(map(float, self._numbers))
        return [numbers[start : start + self.columns] for start in range(0, len(numbers), self.columns)]

    def put_text(self, column: int, text: str) -> None:
        """Sets TEXT_COLUMNS numbers of this worker's row to a text, of which the first TEXT_BYTES count."""
        content = text.encode()[:TEXT_BYTES].ljust(TEXT_BYTES, b"\0")
        for index in range(TEXT_COLUMNS):
            part = content[BYTES * index : BYTES * (index + 1)]
            self.put(column + index, float(int.from_bytes(part, "big")))
