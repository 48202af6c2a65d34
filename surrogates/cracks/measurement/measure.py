"""From the mask of a photo to length, width and orientation of its cracks."""

from __future__ import annotations

import numpy as np

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.measurement.bounds import (
    branches_bounds,
    direction,
    inner_and_outer,
    outlines,
    own_errors,
    total,
)
from fieldwright.surrogates.cracks.measurement.component import Component, components, labelled
from fieldwright.surrogates.cracks.measurement.crack_measurements import (
    CrackMeasurement,
    CrackMeasurements,
    MeasuredQuantity,
    WidthProfile,
)
from fieldwright.surrogates.cracks.measurement.scale import Scale


def measure(
    mask: np.ndarray,
    *,
    scale: Scale | None = None,
    probability: np.ndarray | None = None,
    std: np.ndarray | None = None,
    threshold: float | None = None,
    least_area: int = 12,
) -> CrackMeasurements:
    """Length, width and orientation of every connected crack of a mask, in px or, with a scale, in mm.

    mask: (h, w) bool. probability, std: (h, w) of the segmentation; where they are known, the bounds span the
    outlines at probability - std and + std as well as what pixels cannot tell. threshold: of the probability, for a
    mask that was corrected by hand, see `outlines`. least_area: px^2, smaller ones are counted and not measured.
    Raises QueryError where a map does not fit.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise QueryError(
            "A mask must be a plane array of True and False",
            f"shape {mask.shape} of {mask.dtype}",
            "Give probability >= threshold",
        )
    limits = outlines(mask, probability, std, threshold)
    labels, count = labelled(mask)
    large_enough = list(components(labels, count, least_area))
    figures = np.array([total([crack]) for crack in large_enough]).reshape(-1, 4)
    everything = total(large_enough)
    low, high = figures, figures
    low_all, high_all, area = everything, everything, (int(mask.sum()),) * 2
    branches = np.array([crack.branches_bounds for crack in large_enough], dtype=int).reshape(-1, 2)
    if limits is not None:
        inner_labels, inner_count = labelled(limits.inner)
        inner = list(components(inner_labels, inner_count, least_area))
        outer_labels, outer_count = labelled(limits.outer)
        outer = list(components(outer_labels, outer_count, least_area))
        low = np.minimum(inner_and_outer(large_enough, labels, inner, inner_labels, outer=False), figures)
        high = inner_and_outer(large_enough, labels, outer, outer_labels, outer=True)
        low_all, high_all = np.minimum(total(inner), everything), np.maximum(total(outer), everything)
        area = (int(limits.inner.sum()), int(limits.outer.sum()))
        for other, other_labels in ((inner, inner_labels), (outer, outer_labels)):
            more = branches_bounds(large_enough, labels, other, other_labels)
            branches = np.stack(
                [np.minimum(branches[:, 0], more[:, 0]), np.maximum(branches[:, 1], more[:, 1])], axis=1
            )
    cracks = [
        _crack(c, f, a, b, (int(least), int(most)), scale)
        for c, f, a, b, (least, most) in zip(large_enough, figures, low, high, branches, strict=True)
    ]
    facing = direction(large_enough)
    length, mean, p95, most = _quantities(everything, low_all, high_all, scale)
    return CrackMeasurements(
        length,
        mean,
        p95,
        most,
        MeasuredQuantity(float(mask.sum()), float(area[0]), float(area[1]), "px2").scaled(scale, 2),
        None if facing is None else facing[0],
        None if facing is None else facing[1],
        len(cracks),
        sum(crack.branches for crack in cracks),
        (int(branches[:, 0].sum()), int(branches[:, 1].sum())),
        count - len(large_enough),
        None if scale is None else scale.mm_per_px,
        tuple(sorted(cracks, key=lambda crack: -crack.length.value)),
    )


def _quantities(
    figures: np.ndarray, low: np.ndarray, high: np.ndarray, scale: Scale | None
) -> tuple[MeasuredQuantity, MeasuredQuantity, MeasuredQuantity, MeasuredQuantity]:
    """Length and the three widths with bounds: the outlines' and the method's own error, added as squares."""
    errors = own_errors(figures)
    below = figures - np.hypot(figures - low, errors)
    above = figures + np.hypot(high - figures, errors)
    quantities = [
        MeasuredQuantity(float(v), max(float(a), 0.0), float(b), "px").scaled(scale)
        for v, a, b in zip(figures, below, above, strict=True)
    ]
    return quantities[0], quantities[1], quantities[2], quantities[3]


def _crack(
    component: Component,
    figures: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    branches_bounds: tuple[int, int],
    scale: Scale | None,
) -> CrackMeasurement:
    area = float(component.area)
    facing = direction([component])
    assert facing is not None
    rim = 0.5 * float(
        figures[0]
    )  # half a pixel of edge on both sides is a pixel; one half of it is uncertain
    return CrackMeasurement(
        component.number,
        component.box,
        *_quantities(figures, low, high, scale),
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
