"""The values of a field of many runs, read run by run or point by point, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from fieldwright.data.computing.executor import Executor
from fieldwright.data.computing.shared_array import SharedArray, array_of
from fieldwright.data.store.frozen_matrix import FrozenMatrix

READ = 2**20
"""Values that are read together where whole runs are wanted of a matrix that lies run by run in chunks of many."""


class FieldValues(Protocol):
    """Values (n, [t,] points, components) of n runs, of which only what is asked for is held.

    `points(start, stop)` gives neighbouring points of all runs, which is what sums over runs and all that is done
    point by point want; `values[rows]` gives whole runs. One can be sent to other processes.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, points, components), or (n, t, points, components) of transient runs."""
        ...

    @property
    def dtype(self) -> np.dtype:
        """Type of the values."""
        ...

    @property
    def step(self) -> int:
        """Number of neighbouring points that are read at once; blocks that are multiples of it read nothing twice."""
        ...

    @property
    def ndim(self) -> int:
        """3, or 4 where the runs are transient."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Any, /) -> np.ndarray:
        """Whole runs, (k, [t,] points, components)."""
        ...

    def points(self, start: int, stop: int) -> np.ndarray:
        """The points start..stop of all runs, (n, t, stop - start, components); t is 1 where the field is steady."""
        ...

    def shared(self, executor: Executor) -> FieldValues:
        """The same values in a form that is small to send to the executor's workers."""
        ...


class RunsAsRows:
    """What follows from the shape (n, [t,] points, components) of values."""

    shape: tuple[int, ...]

    @property
    def ndim(self) -> int:
        """3, or 4 where the runs are transient."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]


class ArrayValues(RunsAsRows):
    """Values in memory, or in a file that is mapped into it."""

    def __init__(self, array: np.ndarray | SharedArray) -> None:
        self.array = array
        self.shape = tuple(array.shape)
        self.dtype = np.dtype(array.dtype)
        self.step = 1

    def __getitem__(self, rows: Any) -> np.ndarray:
        return array_of(self.array)[rows]

    def points(self, start: int, stop: int) -> np.ndarray:
        """The points start..stop of all runs, (n, t, stop - start, components)."""
        part = array_of(self.array)[..., start:stop, :]
        return part if part.ndim == 4 else part[:, None]

    def shared(self, executor: Executor) -> ArrayValues:
        """Through a file where the executor's workers are other processes."""
        shares = executor.elsewhere and isinstance(self.array, np.ndarray)
        return ArrayValues(executor.share(array_of(self.array))) if shares else self


class MatrixValues(RunsAsRows):
    """Values of a frozen snapshot matrix (n t, points components), read from the disk.

    times: t of a transient field, None of a steady one.
    """

    def __init__(self, matrix: FrozenMatrix, times: int | None, components: int) -> None:
        self.matrix, self.times, self.components = matrix, times, components
        rows, columns = matrix.shape
        runs = rows // (times or 1)
        of_run = (columns // components, components)
        self.shape = (runs, *of_run) if times is None else (runs, times, *of_run)
        self.dtype = matrix.dtype
        self.step = max(1, matrix.chunks[1] // components)

    def __getitem__(self, rows: Any) -> np.ndarray:
        runs = np.arange(len(self))[rows]
        t = self.times or 1
        snapshots = (np.atleast_1d(runs)[:, None] * t + np.arange(t)).ravel()
        values = np.empty((len(snapshots), self.matrix.shape[1]), self.dtype)
        # A chunk is decoded as a whole: all that is wanted of its rows is taken at once, some columns at a time.
        of_chunk = snapshots // self.matrix.chunks[0]
        for chunk in np.unique(of_chunk):
            places = np.flatnonzero(of_chunk == chunk)
            first, last = int(snapshots[places].min()), int(snapshots[places].max())
            width = self.matrix.chunks[1] * max(1, READ // self.matrix.chunks[1] // (last + 1 - first))
            for start in range(0, values.shape[1], width):
                block = self.matrix[first : last + 1, start : start + width]
                values[places, start : start + width] = block[snapshots[places] - first]
        values = values.reshape(-1, *self.shape[1:])
        return values if np.ndim(runs) else values[0]

    def points(self, start: int, stop: int) -> np.ndarray:
        """The points start..stop of all runs, (n, t, stop - start, components)."""
        part = self.matrix[:, start * self.components : stop * self.components]
        return part.reshape(len(self), self.times or 1, stop - start, self.components)

    def shared(self, executor: Executor) -> MatrixValues:
        """The same: workers read the matrix themselves."""
        return self


class SelectedRuns(RunsAsRows):
    """Some of the runs, rows (k,), of other values."""

    def __init__(self, values: FieldValues, rows: np.ndarray) -> None:
        self.values, self.selection = values, rows
        self.shape = (len(rows), *values.shape[1:])
        self.dtype, self.step = values.dtype, values.step

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self.values[self.selection[rows]]

    def points(self, start: int, stop: int) -> np.ndarray:
        """The points start..stop of these runs, (k, t, stop - start, components)."""
        return self.values.points(start, stop)[self.selection]

    def shared(self, executor: Executor) -> SelectedRuns:
        """The same runs of the shared values."""
        return SelectedRuns(self.values.shared(executor), self.selection)


def field_values(values: np.ndarray | FieldValues) -> FieldValues:
    """Arrays as field values; what is that already stays as it is."""
    return ArrayValues(values) if isinstance(values, np.ndarray) else values


def point_blocks(values: FieldValues, most: int) -> Iterator[tuple[int, int]]:
    """Ranges of points whose values of all runs are about `most`; whole reads where these are not larger."""
    points = values.shape[-2]
    of_point = values.shape[0] * values.shape[-1] * (values.shape[1] if values.ndim == 4 else 1)
    number = max(1, most // max(1, of_point))
    if number >= points:
        yield 0, points
        return
    # A read of many runs may be larger than that; to take a part of it would be to read it time and again.
    if number >= values.step or values.step * of_point <= 4 * most:
        number = max(1, number // values.step) * values.step
    yield from ((start, min(start + number, points)) for start in range(0, points, number))
