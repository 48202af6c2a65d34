"""Bounds of measured cracks learned from what a trained segmenter answers on drawn surfaces, whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fieldwright.physics.concrete import CrackedSurface, SurfaceSettings, generate
from fieldwright.surrogates.cracks.measurement.bound_factors import (
    FEWEST,
    BoundCheck,
    BoundFactors,
    MeasurementFactors,
)
from fieldwright.surrogates.cracks.measurement.bounds import direction, half_widths, total, widening_units
from fieldwright.surrogates.cracks.measurement.component import Component
from fieldwright.surrogates.cracks.measurement.drawn_truth import DrawnCracks, lie_clear, truths_of
from fieldwright.surrogates.cracks.measurement.outlines import Segmented
from fieldwright.surrogates.cracks.measurement.pieces import measured_pieces
from fieldwright.surrogates.cracks.segmentation.segmentation_result import Segmentation

Segment = Callable[[np.ndarray], Segmentation]
"""What answers a photo (h, w, 3) uint8: the method of a segmenter."""

MOST_SURFACES = 44
FEWEST_SURFACES = 10
PIXELS_A_SURFACE = 2_000_000
"""Pixels of training crops that cost about ten times what a surface costs: drawn, answered and measured."""
SEEDS = 2**40, 1000
"""First seed of these surfaces and seeds of a training: far from those of surfaces that are learned from."""
LEAST_AREA = 12


def number_of_surfaces(trained_pixels: int) -> int:
    """So many surfaces as cost a tenth of a training by so many pixels of crops; 0 where those would be too few."""
    number = min(trained_pixels // PIXELS_A_SURFACE, MOST_SURFACES)
    return number if number >= FEWEST_SURFACES else 0


def drawn_surfaces(number: int, seed: int) -> Iterator[CrackedSurface]:
    """Surfaces whose cracks do not lie upon each other, of all kinds and widths."""
    first, k = SEEDS[0] + seed * SEEDS[1], 0
    while number:
        surface = generate(SurfaceSettings(), first + k)
        k += 1
        if lie_clear(surface):
            number -= 1
            yield surface


def learn_factors(segment: Segment, surfaces: Iterator[CrackedSurface]) -> MeasurementFactors | None:
    """The factors by which the bounds of what a segmenter finds hold the truth; None where it finds too little."""
    checks = check_bounds(segment, surfaces)
    if min(len(check.width) for check in checks) < FEWEST_SURFACES or len(checks[0].width) < FEWEST:
        return None
    return MeasurementFactors(*(BoundFactors.fit(check) for check in checks))


def check_bounds(segment: Segment, surfaces: Iterator[CrackedSurface]) -> tuple[BoundCheck, BoundCheck]:
    """Cracks that a segmenter found beside the drawn ones that they stand for: each, and all of a surface together.

    Without the factors that the segmenter may have. What it found where no crack is drawn is none of the former.
    """
    single, together = [], []
    for number, surface in enumerate(surfaces):
        answer = segment(surface.photo)
        if not answer.mask.any():
            continue
        segmented = Segmented.of(answer.mask, answer.probability, answer.std, None)
        pieces = measured_pieces(answer.mask, segmented, LEAST_AREA)
        truths = truths_of(surface, answer.mask, pieces.cracks)
        pairs = enumerate(zip(truths, pieces.cracks, strict=True))
        real = [k for k, (truth, crack) in pairs if truth.figures.all() and crack.figures.all()]
        for k in real:
            single.append(_check([pieces.cracks[k]], pieces.low[k], pieces.high[k], truths[k], number))
        if real:
            outlines = total(pieces.inner), total(pieces.outer)
            everything = DrawnCracks.of(surface.cracks)
            together.append(_check(pieces.cracks, *outlines, everything, number))
    return _joined(single), _joined(together)


def _check(
    cracks: list[Component], low: np.ndarray, high: np.ndarray, truth: DrawnCracks, number: int
) -> BoundCheck:
    figures = total(cracks)
    below, above = half_widths(figures, np.minimum(low, figures), np.maximum(high, figures))
    facing = direction(cracks)
    assert facing is not None
    mean, (_, upper) = facing
    off = abs((truth.direction - mean + 90.0) % 180.0 - 90.0)
    return BoundCheck(
        figures[1:2],
        ((figures - truth.figures - below) / widening_units(figures, below))[None],
        ((truth.figures - figures - above) / widening_units(figures, above))[None],
        np.array([off / (upper - mean)]),
        np.array([number]),
    )


def _joined(checks: Sequence[BoundCheck]) -> BoundCheck:
    nothing = BoundCheck(np.zeros(0), np.zeros((0, 4)), np.zeros((0, 4)), np.zeros(0), np.zeros(0, dtype=int))
    return BoundCheck.joined([nothing, *checks])
