"""From the mask of a photo to length, width and orientation of its cracks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.measurement.bound_factors import BoundFactors, MeasurementFactors
from fieldwright.surrogates.cracks.measurement.bounds import direction, half_widths, total, widening_units
from fieldwright.surrogates.cracks.measurement.component import Component, labelled
from fieldwright.surrogates.cracks.measurement.crack_measurements import (
    CrackMeasurement,
    CrackMeasurements,
    MeasuredQuantity,
    WidthProfile,
)
from fieldwright.surrogates.cracks.measurement.outlines import Outlined, Outlines, Segmented
from fieldwright.surrogates.cracks.measurement.pieces import MeasuredPieces, measured_pieces
from fieldwright.surrogates.cracks.measurement.scale import Scale


def measure(
    mask: np.ndarray,
    *,
    scale: Scale | None = None,
    probability: np.ndarray | None = None,
    std: np.ndarray | None = None,
    threshold: float | None = None,
    limits: Outlines | None = None,
    factors: MeasurementFactors | None = None,
    least_area: int = 12,
) -> CrackMeasurements:
    """Length, width and orientation of every connected crack of a mask, in px or, with a scale, in mm.

    mask: (h, w) bool. probability, std: (h, w) of the segmentation; where they are known, the bounds span the
    outlines at probability - std and + std as well as what pixels cannot tell. threshold: of the probability, for a
    mask that was corrected by hand, see `Segmented`. limits: in place of a probability. factors: of the segmenter
    that answered the probability, by which the bounds of all that it found are widened; not of cracks that were
    corrected by hand, and not of all together where any was.
    least_area: px^2, smaller ones are counted and not measured; where no crack has as much, the largest is measured
    nevertheless.

    Raises QueryError where a map does not fit.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise QueryError(
            "A mask must be a plane array of True and False",
            f"shape {mask.shape} of {mask.dtype}",
            "Give probability >= threshold",
        )
    segmented = Segmented.of(mask, probability, std, threshold) if limits is None else Outlined(limits)
    pieces = _measured(mask, segmented, least_area)
    figures = np.array([crack.figures for crack in pieces.cracks]).reshape(-1, 4)
    everything = total(pieces.cracks)
    low_all, high_all = (
        np.minimum(total(pieces.inner), everything),
        np.maximum(total(pieces.outer), everything),
    )
    branches = np.array(pieces.branches, dtype=int).reshape(-1, 2)
    single = None if factors is None else factors.single
    cracks = [
        _crack(c, f, a, b, (int(least), int(most)), scale, None if by_hand else single)
        for c, f, a, b, (least, most), by_hand in zip(
            pieces.cracks, figures, pieces.low, pieces.high, branches, pieces.by_hand, strict=True
        )
    ]
    together = None if factors is None or any(pieces.by_hand) else factors.together
    facing = _direction(pieces.cracks, everything, together)
    length, mean, p95, most = _quantities(everything, low_all, high_all, scale, together)
    return CrackMeasurements(
        length,
        mean,
        p95,
        most,
        MeasuredQuantity(float(mask.sum()), float(pieces.area[0]), float(pieces.area[1]), "px2").scaled(
            scale, 2
        ),
        None if facing is None else facing[0],
        None if facing is None else facing[1],
        len(cracks),
        sum(crack.branches for crack in cracks),
        (int(branches[:, 0].sum()), int(branches[:, 1].sum())),
        labelled(mask)[1] - len(pieces.cracks),
        None if scale is None else scale.mm_per_px,
        tuple(sorted(cracks, key=lambda crack: -crack.length.value)),
    )


def _measured(mask: np.ndarray, segmented: Segmented | Outlined | None, least_area: int) -> MeasuredPieces:
    pieces = measured_pieces(mask, segmented, least_area)
    if pieces.cracks or not mask.any():
        return pieces
    labels, count = labelled(mask)
    area = np.bincount(labels.ravel(), minlength=count + 1)
    largest = labels == 1 + int(area[1:].argmax())
    return replace(measured_pieces(largest, segmented, int(area[1:].max())), area=pieces.area)


def _quantities(
    figures: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    scale: Scale | None,
    factors: BoundFactors | None,
) -> tuple[MeasuredQuantity, MeasuredQuantity, MeasuredQuantity, MeasuredQuantity]:
    """Length and the three widths with bounds."""
    below, above = half_widths(figures, low, high)
    if factors is not None:
        times_below, times_above, _ = factors.of(float(figures[1]))
        below = below + times_below * widening_units(figures, below)
        above = above + times_above * widening_units(figures, above)
    quantities = [
        MeasuredQuantity(float(v), max(float(v - a), 0.0), float(v + b), "px").scaled(scale)
        for v, a, b in zip(figures, below, above, strict=True)
    ]
    return quantities[0], quantities[1], quantities[2], quantities[3]


def _direction(
    cracks: list[Component], figures: np.ndarray, factors: BoundFactors | None
) -> tuple[float, tuple[float, float]] | None:
    """Mean direction of cracks of these figures together with its bounds, degrees; None without a crack."""
    facing = direction(cracks)
    if facing is None or factors is None:
        return facing
    mean, (_, upper) = facing
    off = min(90.0, (upper - mean) * factors.of(float(figures[1]))[2])
    return mean, (mean - off, mean + off)


def _crack(
    component: Component,
    figures: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    branches_bounds: tuple[int, int],
    scale: Scale | None,
    factors: BoundFactors | None,
) -> CrackMeasurement:
    area = float(component.area)
    facing = _direction([component], figures, factors)
    assert facing is not None
    rim = 0.5 * float(
        figures[0]
    )  # half a pixel of edge on both sides is a pixel; one half of it is uncertain
    return CrackMeasurement(
        component.number,
        component.box,
        *_quantities(figures, low, high, scale, factors),
        MeasuredQuantity(area, max(area - rim, 0.0), area + rim, "px2").scaled(scale, 2),
        *facing,
        component.branches,
        branches_bounds,
        component.tips,
        _profile(component, scale),
    )


def _profile(component: Component, scale: Scale | None) -> WidthProfile:
    factor = 1.0 if scale is None else scale.mm_per_px
    points = np.concatenate([line.points for line in component.lines])
    along = [np.linspace(0.0, line.length, len(line.points)) for line in component.lines]
    return WidthProfile(
        np.repeat(np.arange(len(along)), [len(a) for a in along]),
        np.concatenate(along) * factor,
        points[:, 1],
        points[:, 0],
        np.concatenate(component.widths) * factor,
        np.concatenate(component.counted),
        "px" if scale is None else "mm",
    )
