"""Bounds of what is measured: how far the outline may be off, and what pixels cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from data.errors import QueryError
from surrogates.cracks.measurement.component import Component

LENGTH_ERROR = 0.03
"""Share of the length that the method itself is off at most on 95 of 100 generated surfaces (docs/crack_measurement.md)."""
MEAN_WIDTH_ERROR = 0.25
"""px, the same for the mean width."""
WIDTH_ERROR = 0.9
"""px, the same for widths at single places, so for their maximum and 95 % quantile."""


@dataclass(frozen=True)
class Outlines:
    """The narrowest and the widest outline (h, w) bool that the segmentation allows: inner within mask within outer."""

    inner: np.ndarray
    outer: np.ndarray


def outlines(mask: np.ndarray, probability: np.ndarray | None, std: np.ndarray | None) -> Outlines | None:
    """Inner and outer outline of a mask (h, w), None where no probability (h, w) is known.

    With the standard deviation std (h, w) of the probability p: p - std and p + std at least the mask's threshold,
    which is the least p within the mask. Without: the thresholds halfway from it to 1 and to 0.
    Raises QueryError where the shapes differ.
    """
    if probability is None:
        if std is not None:
            raise QueryError(
                "'std' goes with 'probability'", "std alone", "Give both, as a segmenter answers them"
            )
        return None
    for name, map_ in (("probability", probability), ("std", std)):
        if map_ is not None and map_.shape != mask.shape:
            raise QueryError(
                f"'{name}' must have the shape of the mask",
                f"{map_.shape} against {mask.shape}",
                "Give maps of one photo",
            )
    if not mask.any():
        return Outlines(mask, mask)
    threshold = float(probability[mask].min())
    if std is None:
        return Outlines(
            mask & (probability >= (1.0 + threshold) / 2.0), mask | (probability >= threshold / 2.0)
        )
    return Outlines(mask & (probability - std >= threshold), mask | (probability + std >= threshold))


def shifts(cracks: list[Component], at: list[int], other: list[Component], reach: float = 1.5) -> np.ndarray:
    """How much wider the other outline is at the middle lines: its width there less the crack's, (n, 3): mean, 95 %, greatest.

    at: for every crack the label of the other outline's component that belongs to it, 0 for none: then the whole width is lost.
    """
    found = {component.number: component for component in other}
    made = np.zeros((len(cracks), 3))
    for row, (crack, number) in enumerate(zip(cracks, at, strict=True)):
        here = _three(crack)
        there = found.get(number)
        if there is None:
            made[row] = -here if number == 0 else 0.0
            continue
        tree = cKDTree(np.concatenate([line.points for line in crack.lines]))
        points = np.concatenate([line.points for line in there.lines])
        near = tree.query(points)[0] <= reach + 0.5 * here[2]
        defined = np.concatenate(list(there.counted)) & near
        if defined.any():
            widths = np.concatenate(list(there.widths))[defined]
            made[row] = np.array([widths.mean(), np.quantile(widths, 0.95), widths.max()]) - here
    return made


def _three(crack: Component) -> np.ndarray:
    widths = crack.defined_widths
    return np.array([widths.mean(), np.quantile(widths, 0.95), widths.max()])
