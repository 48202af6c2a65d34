"""The truth about the cracks that were found on a drawn surface: which part of the drawn ones each stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.ndimage import distance_transform_edt

from fieldwright.physics.concrete import Crack, CrackedSurface
from fieldwright.surrogates.cracks.measurement.component import Component, labelled
from fieldwright.surrogates.cracks.measurement.figures import pooled_figures
from fieldwright.surrogates.cracks.measurement.nearest import Nearest

LEAST_CLEAR = 0.98
"""Share of the cracks' areas together that the mask must have: else they lie upon each other, which no mask tells."""


@dataclass(frozen=True, eq=False)
class DrawnCracks:
    """Samples along drawn cracks.

    places: (n, 2) row and column. width: (n,) px. length: (n,) px that each sample stands for. doubled: (n,) complex,
    its length at twice its angle to the rows.
    """

    places: np.ndarray
    width: np.ndarray
    length: np.ndarray
    doubled: np.ndarray

    @classmethod
    def of(cls, cracks: Sequence[Crack]) -> DrawnCracks:
        """All samples of the cracks."""
        steps = np.concatenate([np.gradient(crack.path, axis=0, edge_order=1) for crack in cracks])
        # The ends stand for half a step.
        share = np.concatenate([_ends_halved(len(crack.path)) for crack in cracks])
        length = np.hypot(*steps.T) * share
        turn = (steps[:, 0] - 1j * steps[:, 1]) / np.maximum(np.hypot(*steps.T), 1e-12)
        return cls(
            np.concatenate([crack.path[:, ::-1] for crack in cracks]),
            np.concatenate([crack.width for crack in cracks]),
            length,
            length * turn**2,
        )

    def __getitem__(self, rows: np.ndarray) -> DrawnCracks:
        return DrawnCracks(self.places[rows], self.width[rows], self.length[rows], self.doubled[rows])

    @cached_property
    def figures(self) -> np.ndarray:
        """Length, mean, 95 % and greatest width (4,), px; zeros of no sample."""
        return pooled_figures([float(self.length.sum())], [self.width])

    @property
    def direction(self) -> float:
        """Mean direction in degrees, 0 level, 90 upright, in [0, 180)."""
        return float(np.degrees(np.angle(self.doubled.sum())) / 2.0 % 180.0)


def lie_clear(surface: CrackedSurface) -> bool:
    """Whether the surface has cracks, and they do not lie upon each other."""
    areas = sum(float(crack.width.mean()) * crack.length_px for crack in surface.cracks)
    return bool(surface.cracks) and float(surface.mask.sum()) > LEAST_CLEAR * areas


def truths_of(surface: CrackedSurface, mask: np.ndarray, cracks: Sequence[Component]) -> list[DrawnCracks]:
    """What of the drawn cracks each of the cracks of a mask (h, w) bool stands for; nothing of one that is none.

    A sample of a drawn crack belongs to the nearest of those that were found on the connected crack that it lies in,
    so that what was missed between two pieces counts for them, and a crack that was missed as a whole for none.
    """
    drawn = DrawnCracks.of(surface.cracks)
    true_labels, _ = labelled(surface.mask)
    labels, _ = labelled(mask)
    nearest_true = np.asarray(
        distance_transform_edt(~surface.mask, return_distances=False, return_indices=True)
    )
    rows, columns = np.clip(np.rint(drawn.places).astype(int), 0, np.array(mask.shape) - 1).T
    connected = true_labels[tuple(nearest_true[:, rows, columns])]
    belongs = np.zeros(len(drawn.width), dtype=np.int64)
    for number in np.unique(connected):
        on_it = np.unique(labels[(true_labels == number) & mask])
        places = np.argwhere(np.isin(labels, on_it) & mask)
        if len(places):
            some = np.flatnonzero(connected == number)
            _, which = Nearest(places).query(drawn.places[some])
            belongs[some] = labels[tuple(places[which].T)]
    return [drawn[np.flatnonzero(belongs == labels[crack.first])] for crack in cracks]


def _ends_halved(number: int) -> np.ndarray:
    share = np.ones(number)
    share[[0, -1]] = 0.5
    return share
