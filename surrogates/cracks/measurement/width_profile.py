"""How wide a crack is along its middle line."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from fieldwright.surrogates.cracks.measurement.centreline import Centreline
from fieldwright.surrogates.cracks.measurement.nearest import Nearest

LEAST_WINDOW = 1.5
"""px: deviation of the Gaussian over which the width is averaged along a thin crack."""

MOST_OF_DISC = 1.05
"""Widths beyond this multiple of the inscribed disc, and 0.8 px, come from a neighbour's area and are cut."""


def widths_along(
    lines: list[Centreline], pixels: np.ndarray, radius: list[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Width (n,) in px at every point of every line, and whether it counts (n,) bool.

        w(s) = area of the crack nearest to the stretch ds / ds

    Every pixel (m, 2) of the crack belongs to the point next to it, so that pixels count once and, other than twice
    the distance to the rim, nothing is biased by the steps of the rim. Within the disc of a junction and of a
    tip, whose shape the width there would be, it is not defined: it does not count and is interpolated.
    radius: of the largest disc about every point (n,), px.
    """
    points = np.concatenate([line.points for line in lines])
    nearest = Nearest(points).query(pixels)[1]
    area = np.bincount(nearest, minlength=len(points)).astype(float)
    widths, counted, first = [], [], 0
    for line, discs in zip(lines, radius, strict=True):
        n = len(line.points)
        area_of_line, first = area[first : first + n], first + n
        width, counts = _profile(area_of_line, line, discs)
        widths.append(width)
        counted.append(counts)
    return widths, counted


def _profile(area: np.ndarray, line: Centreline, discs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = len(area)
    if n < 3:
        return np.full(n, 2.0 * float(discs.max())), np.ones(n, dtype=bool)
    step = line.length / (n - 1)
    stretch = np.full(n, step)
    stretch[[0, -1]] = 0.5 * step
    counts = np.ones(n, dtype=bool)
    for end, junction, far in (
        (0, line.junctions[0], slice(None)),
        (-1, line.junctions[1], slice(None, None, -1)),
    ):
        away = step * np.arange(n)[far]
        counts &= away >= (1.2 * discs[end] + 1.0 if junction else max(0.6, _disc_of_tip(discs[far])))
    widest = MOST_OF_DISC * 2.0 * discs + 0.8
    if not counts.any():
        counts[n // 2] = True
    # Where hardly a stretch lies beyond the discs of its ends, single pixels decide: the whole has no less.
    least = area.sum() / line.length if counts.sum() * step < 2.0 * LEAST_WINDOW else 0.0
    window = max(LEAST_WINDOW, 0.25 * float(np.median(discs))) / step
    weight = counts.astype(float)
    over, under = gaussian_filter1d(np.stack([weight * area, weight * stretch]), window, mode="constant")
    nonzero = np.flatnonzero(counts)
    width = np.divide(over, under, out=np.zeros(n), where=under > 1e-9)
    width = np.minimum(np.maximum(width, least), widest)
    return np.interp(np.arange(n), nonzero, width[nonzero]), counts


def _disc_of_tip(discs: np.ndarray) -> float:
    """Radius, px, of the largest disc that touches the first point of a line with discs (n,)."""
    return float(discs[: max(5, int(discs.max()))].max())
