"""Calibrated bands of fields around bodies, by the distance to the wall and not by the position on the grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.ndimage import uniform_filter

from fieldwright.surrogates.validation.calibration import conformal_factor

EDGES = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
"""Cells from the wall at which one class of distances ends and the next begins."""
WINDOW = 5
"""Cells over which the spread of the networks is averaged: at a single point that of a few networks is noise."""


def pooled_factor(scores: list[np.ndarray], coverage: float) -> float:
    """`conformal_factor` of n shapes, each with any number of scores, for a point drawn from a new shape."""
    scores = [one for one in scores if len(one)]
    shape = np.repeat(np.arange(len(scores)), [len(one) for one in scores])
    return float(conformal_factor(np.concatenate(scores), coverage, shape))


@dataclass(frozen=True, eq=False)
class WallBands:
    """std^2 = scale^2 (smoothed spread of the networks^2 + floor^2); the band is mean +- factor std.

    For k classes of distance to the wall and c components. floor: (k, c) root mean square of the networks' spread on
    the training shapes. scale: (k, c) makes the std the root mean square error of the held-out shapes.
    pointwise: (k, c) factors that cover each value by itself. simultaneous: (f,) those that cover a whole field.
    """

    floor: np.ndarray
    scale: np.ndarray
    pointwise: np.ndarray
    simultaneous: np.ndarray

    @classmethod
    def fit(
        cls,
        training: np.ndarray,
        training_cells: np.ndarray,
        held_out: np.ndarray,
        error: np.ndarray,
        cells: np.ndarray,
        sizes: list[int],
        coverage: float,
    ) -> Self:
        """Fit to the outputs of the networks on their training shapes, and on held-out ones with their errors.

        training: (m, n, c, ny, nx); training_cells: (n, ny, nx) distance to the wall in cells, likewise `held_out`
        (m, h, c, ny, nx) and `cells`; error: (h, c, ny, nx); sizes: numbers of components of the fields.
        """
        classes, count = len(EDGES) + 1, error.shape[1]
        spread = _spread(training, training_cells)
        kind = _classes(training_cells)
        floor = np.full((classes, count), np.sqrt(np.mean(spread**2)))
        for k in range(classes):
            at = kind == k
            if at.any():
                floor[k] = np.sqrt(np.mean(np.moveaxis(spread, 1, -1)[at] ** 2, axis=0))
        floor = np.maximum(floor, 1e-9 * floor.max() + np.finfo(float).tiny)
        unscaled = cls(floor, np.ones_like(floor), np.ones_like(floor), np.ones(len(sizes)))
        score = np.abs(error) / unscaled.std(held_out, cells)
        kind = _classes(cells)
        scale, factor = np.ones_like(floor), np.ones_like(floor)
        for k in range(classes):
            for c in range(count):
                scores = [one[c][at == k] for one, at in zip(score, kind, strict=True)]
                scores_of_class = np.concatenate(scores)
                if len(scores_of_class):
                    scale[k, c] = max(np.sqrt(np.mean(scores_of_class**2)), np.finfo(float).tiny)
                    factor[k, c] = pooled_factor(scores, coverage) / scale[k, c]
        scaled = cls(floor, scale, factor, np.ones(len(sizes)))
        score = np.where((cells >= 0.0)[:, None], np.abs(error) / scaled.std(held_out, cells), 0.0)
        ends = np.cumsum(sizes)
        largest = [
            score[:, end - size : end].max(axis=(1, 2, 3)) for end, size in zip(ends, sizes, strict=True)
        ]
        together = np.array([conformal_factor(one, coverage) for one in largest])
        return cls(floor, scale, factor, together)

    def std(self, answers: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """(q, c, ny, nx) of answers (m, q, c, ny, nx) at distances to the wall (q, ny, nx) in cells."""
        kind = _classes(cells)
        kind = np.where(kind < 0, 0, kind)
        floor = np.moveaxis(self.floor[kind], -1, 1)
        scale = np.moveaxis(self.scale[kind], -1, 1)
        return scale * np.sqrt(_spread(answers, cells) ** 2 + floor**2)

    def factors(self, cells: np.ndarray, sizes: list[int], simultaneous: bool) -> np.ndarray:
        """(q, c, ny, nx) factors of the std."""
        kind = _classes(cells)
        if simultaneous:
            every = np.repeat(self.simultaneous, sizes)
            return np.broadcast_to(every[None, :, None, None], (len(cells), len(every), *cells.shape[1:]))
        return np.moveaxis(self.pointwise[np.where(kind < 0, 0, kind)], -1, 1)

    def state(self) -> dict[str, np.ndarray]:
        """The learned arrays by name."""
        return {name: getattr(self, name) for name in ("floor", "scale", "pointwise", "simultaneous")}

    @classmethod
    def restore(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Restore the bands from `state()`."""
        return cls(**state)


def _classes(cells: np.ndarray) -> np.ndarray:
    """Index of the class of each distance in cells, -1 inside the body."""
    return np.where(cells < 0.0, -1, np.searchsorted(EDGES, cells, side="right"))


def _spread(answers: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(q, c, ny, nx) spread of the networks (m, q, c, ny, nx), its square averaged over the fluid nearby."""
    variance = answers.astype(np.float64).var(axis=0, ddof=1)
    fluid = (cells >= 0.0)[:, None].astype(np.float64)
    size = (1, 1, WINDOW, WINDOW)
    share = uniform_filter(fluid, size, mode="nearest")  # type: ignore[arg-type]  # one size for each axis
    smooth = uniform_filter(variance * fluid, size, mode="nearest")  # type: ignore[arg-type]
    smooth = smooth / np.maximum(share, 1e-9)
    return np.sqrt(np.maximum(smooth, 0.0))
