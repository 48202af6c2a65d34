"""Windows cut from long runs, so that even a single run gives many forecasts for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from fieldwright.data.computing.executor import Executor
from fieldwright.data.errors import ModelError
from fieldwright.data.store.field_values import FieldValues, RunsAsRows

MOST = 60
"""Largest number of windows of a study; more overlap so much that they add no information."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Stretches of `length` times, the rows of what is learned.

    run: (n,) the run each was cut from. start: (n,) its first time, counted in the run.
    """

    length: int
    run: np.ndarray
    start: np.ndarray

    @classmethod
    def of(cls, runs: int, times: int, length: int) -> Self:
        """All windows of `runs` runs of so many times, evenly spread; raises ModelError for too long ones."""
        if not 2 <= length <= times:
            raise ModelError(
                f"'history' and 'horizon' together must be 2 to {times}, the number of times of a run",
                str(length),
                "Shorten one of them, or take in longer runs",
            )
        number = min(times - length + 1, max(1, MOST // runs))
        starts = np.unique(np.linspace(0, times - length, number).round().astype(np.int64))
        return cls(length, np.repeat(np.arange(runs), len(starts)), np.tile(starts, runs))

    def cut(self, values: np.ndarray) -> np.ndarray:
        """Values (runs, times, ...) as rows (n, length, ...)."""
        return np.stack(
            [values[run, at : at + self.length] for run, at in zip(self.run, self.start, strict=True)]
        )

    def cut_all(self, targets: Mapping[str, Any]) -> dict[str, Any]:
        """Every field cut alike, an array in memory and field values as they are read."""
        return {
            name: self.cut(values) if isinstance(values, np.ndarray) else WindowValues(values, self)
            for name, values in targets.items()
        }

    def folds(self, folds: int, seed: int, place: np.ndarray | None = None) -> np.ndarray:
        """The fold (n,) of each window: whole runs where there are enough, else blocks of time of each run.

        place: (n,) of the parameters of each window; runs of one place share a fold, and their blocks do.
        """
        runs = int(self.run.max()) + 1
        together = self.run if place is None or not place.max() else place
        number = int(together.max()) + 1
        if runs >= folds:
            folds = min(folds, number)
            order = np.random.default_rng(seed).permutation(number)
            fold_of = np.empty(number, dtype=np.int64)
            fold_of[order] = np.arange(number) % folds
            return fold_of[together]
        fold = np.empty(len(self.run), dtype=np.int64)
        for run in range(runs):
            windows_of_run = np.flatnonzero(self.run == run)
            for index, block in enumerate(np.array_split(windows_of_run, folds)):
                fold[block] = index
        return fold

    def without_overlap(
        self, training: np.ndarray, held_out: np.ndarray, place: np.ndarray | None = None
    ) -> np.ndarray:
        """The training windows that share no time with any held-out one; raises ModelError if too few are left.

        place: (n,) of the parameters of each window: runs of one place count as the same run.

        A window that overlaps with a held-out one contains a part of it, which would make the evaluation too good.
        """
        same = self.run if place is None or not place.max() else place
        meets = (same[training][:, None] == same[held_out]) & (
            np.abs(self.start[training][:, None] - self.start[held_out]) < self.length
        )
        disjoint = training[~meets.any(axis=1)]
        if len(disjoint) < 2:
            raise ModelError(
                "Besides the windows that are held out together, there must be others that share no time with them",
                f"windows of {self.length} times and runs of {int(self.start.max()) + self.length}",
                "Shorten 'history' or 'horizon', raise 'folds', or take in longer or more runs",
            )
        return disjoint


class WindowValues(RunsAsRows):
    """Windows (n, length, points, components) of the values of longer runs, cut as they are read."""

    def __init__(self, values: FieldValues, windows: Windows) -> None:
        self.values, self.windows = values, windows
        self.shape = (len(windows.run), windows.length, *values.shape[2:])
        self.dtype, self.step = values.dtype, values.step

    def __getitem__(self, rows: Any) -> np.ndarray:
        picked = np.arange(len(self))[rows]
        cut = []
        for window in np.atleast_1d(picked).tolist():
            first = self.windows.start[window]
            cut.append(self.values[self.windows.run[window]][first : first + self.windows.length])
        return np.stack(cut) if np.ndim(picked) else cut[0]

    def points(self, start: int, stop: int) -> np.ndarray:
        """The points start..stop of all windows, (n, length, stop - start, components)."""
        return self.windows.cut(self.values.points(start, stop))

    def shared(self, executor: Executor) -> WindowValues:
        """The windows of the shared values."""
        return WindowValues(self.values.shared(executor), self.windows)
