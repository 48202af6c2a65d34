"""Windows cut from long runs, so that a single run too holds many forecasts to learn from and be judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from fieldwright.data.errors import ModelError

MOST = 60
"""Windows of a study; more of them overlap so far that they tell nothing new."""


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

    def cut_all(self, targets: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Every field cut alike."""
        return {name: self.cut(values) for name, values in targets.items()}

    def folds(self, folds: int, seed: int, place: np.ndarray | None = None) -> np.ndarray:
        """The fold (n,) of each window: whole runs where there are enough, else blocks of time of each run.

        place: (n,) of the parameters of each window; runs of one place share a fold, and their blocks do.
        """
        runs = int(self.run.max()) + 1
        together = self.run if place is None or not place.max() else place
        number = int(together.max()) + 1
        if runs >= folds:
            folds = min(folds, number)
            dealt = np.random.default_rng(seed).permutation(number)
            fold_of = np.empty(number, dtype=np.int64)
            fold_of[dealt] = np.arange(number) % folds
            return fold_of[together]
        fold = np.empty(len(self.run), dtype=np.int64)
        for run in range(runs):
            mine = np.flatnonzero(self.run == run)
            for index, block in enumerate(np.array_split(mine, folds)):
                fold[block] = index
        return fold

    def apart(self, kept: np.ndarray, held: np.ndarray, place: np.ndarray | None = None) -> np.ndarray:
        """Those of the kept windows that share no time with any held one; raises ModelError if none is left.

        place: (n,) of the parameters of each window: runs of one place are the same run once more.

        A window that overlaps with a held one has seen a part of it: to learn from it would be to cheat.
        """
        same = self.run if place is None or not place.max() else place
        meets = (same[kept][:, None] == same[held]) & (
            np.abs(self.start[kept][:, None] - self.start[held]) < self.length
        )
        left = kept[~meets.any(axis=1)]
        if len(left) < 2:
            raise ModelError(
                "Beside the windows that are held out together, others must be left that share no time with them",
                f"windows of {self.length} times and runs of {int(self.start.max()) + self.length}",
                "Shorten 'history' or 'horizon', raise 'folds', or take in longer or more runs",
            )
        return left
