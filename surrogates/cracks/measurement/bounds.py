"""Bounds of what is measured: how far the outline may be off, and what pixels cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import KDTree

from fieldwright.data.errors import QueryError
from fieldwright.surrogates.cracks.measurement.component import Component, labelled

LENGTH_ERROR = 0.03
"""Share of the length by which the method itself is off at most on 9 of 10 generated surfaces, about."""
MEAN_WIDTH_ERROR = 0.25, 0.03
"""px and share of the width, added as squares, the same for the mean width."""
WIDTH_ERROR = 1.0, 0.08
"""px and share of the width, the same for widths at single places, so for their maximum and 95 % quantile."""
SIDEWAYS_ERROR = 1.0, 0.22
"""px and share of the width by which the end of a middle line is off sideways, which turns a crack's direction."""

ROUNDING = 1.0 / 255.0
"""Of probabilities that come as a picture: so close to the threshold, a pixel was not corrected by hand."""


def own_errors(figures: np.ndarray) -> np.ndarray:
    """By how much the method itself is off (4,), px, for length, mean, 95 % and greatest width (4,), px."""
    if figures[0] == 0.0:
        return np.zeros(4)
    widths = [
        np.hypot(px, share * w)
        for (px, share), w in zip((MEAN_WIDTH_ERROR, WIDTH_ERROR, WIDTH_ERROR), figures[1:], strict=True)
    ]
    return np.array([LENGTH_ERROR * figures[0], *widths])


def direction(cracks: list[Component]) -> tuple[float, tuple[float, float]] | None:
    """Mean direction of cracks by their lengths, in degrees within [0, 180), and its bounds; None without a crack.

    The bounds, which may lie below 0 or beyond 180, are a right angle to both sides where the cracks run in all
    directions alike, so that there is no mean one.
    """
    if not cracks:
        return None
    doubled = sum(crack.doubled for crack in cracks)
    squares = sum(
        np.hypot(SIDEWAYS_ERROR[0], SIDEWAYS_ERROR[1] * c.defined_widths.mean()) ** 2 for c in cracks
    )
    off = 90.0
    if abs(doubled) > 0.0:
        off = float(np.degrees(np.arcsin(min(1.0, np.sqrt(2.0 * squares) / abs(doubled)))))
    mean = float(np.degrees(np.angle(doubled)) / 2.0 % 180.0)
    return mean, (mean - off, mean + off)


@dataclass(frozen=True)
class Outlines:
    """The narrowest and the widest outline (h, w) bool that the segmentation allows; inner <= mask <= outer."""

    inner: np.ndarray
    outer: np.ndarray


def outlines(
    mask: np.ndarray,
    probability: np.ndarray | None,
    std: np.ndarray | None,
    threshold: float | None = None,
) -> Outlines | None:
    """Inner and outer outline of a mask (h, w), None where no probability (h, w) is known.

    With the standard deviation std (h, w) of the probability p: p - std and p + std at least the mask's threshold,
    which lies between the least p within the mask and the greatest beyond it. Without: the thresholds halfway from it
    to 1 and to 0.
    threshold: of the mask before it was corrected by hand, where it was. What was drawn or erased by hand is certain.
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
    corrected = threshold is not None
    if threshold is None:
        within = float(probability.min(where=mask, initial=1.0))
        beyond = float(probability.max(where=~mask, initial=0.0))
        threshold = 0.5 * (within + beyond) if beyond < within else within
    if std is None:
        inner, outer = probability >= (1.0 + threshold) / 2.0, probability >= threshold / 2.0
    else:
        inner, outer = probability - std >= threshold, probability + std >= threshold
    if corrected:
        inner |= probability < threshold - ROUNDING
        outer &= ~_around_erased(mask, probability >= threshold + ROUNDING, outer)
    return Outlines(mask & inner, mask | outer)


def _around_erased(mask: np.ndarray, segmented: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """What was erased (h, w) of a segmented mask, with the rim that it has in the outer outline.

    The rim of a piece of which only a part was erased goes where it lies nearer to that part than to what stays.
    """
    erased = segmented & ~mask
    if not erased.any():
        return erased
    labels, count = labelled(outer | erased)
    with_erased = np.zeros(count + 1, dtype=bool)
    with_erased[np.unique(labels[erased])] = True
    rim = outer & ~mask & with_erased[labels]
    to_mask, to_erased = (np.asarray(distance_transform_edt(~one), np.float32) for one in (mask, erased))
    return erased | (rim & (to_erased < to_mask))


def inner_and_outer(
    cracks: list[Component],
    labels: np.ndarray,
    other: list[Component],
    other_labels: np.ndarray,
    *,
    outer: bool,
) -> np.ndarray:
    """Length, mean, 95 % and greatest width (n, 4), px, of every crack by the inner or the outer outline.

    Outlines lie within one another, so a pixel of one names the crack of the other. Of an outer crack that joins
    several, every one gets its own length and the whole of the bridges; a crack without an inner outline has 0.
    """
    figures_by_crack = (
        np.array([_figures([crack]) for crack in cracks]) if outer else np.zeros((len(cracks), 4))
    )
    row = {crack.number: k for k, crack in enumerate(cracks)}
    if not outer:
        for number, inner_parts in _parts(labels, other, other_labels).items():
            if number in row:
                figures_by_crack[row[number]] = _figures(inner_parts)
        return figures_by_crack
    outer_parts = {part.number: part for part in other}
    joined = {crack.number: int(other_labels[_pixel(labels, crack)]) for crack in cracks}
    for number, k in row.items():
        part = outer_parts.get(joined[number])
        if part is not None:
            length_of_others = sum(
                c.length for c in cracks if c.number != number and joined[c.number] == part.number
            )
            figures = _figures([part])
            figures_by_crack[k, 0] = max(figures[0] - length_of_others, figures_by_crack[k, 0])
            if length_of_others == 0.0:
                figures_by_crack[k, 1:] = np.maximum(figures[1:], figures_by_crack[k, 1:])
            else:  # a bridge tells nothing about the width of the crack: by its own lines alone
                figures_by_crack[k, 1:] = np.maximum(
                    _figures([part], near=cracks[k])[1:], figures_by_crack[k, 1:]
                )
    return figures_by_crack


def branches_bounds(
    cracks: list[Component], labels: np.ndarray, other: list[Component], other_labels: np.ndarray
) -> np.ndarray:
    """Least and greatest number of branches (n, 2) of every crack by its own middle line and another outline's.

    Of an outline that joins several cracks, every one gets all branches.
    """
    bounds = np.array([crack.branches_bounds for crack in cracks], dtype=int).reshape(-1, 2)
    inner = _parts(labels, other, other_labels)
    around = {part.number: part for part in other}
    for k, crack in enumerate(cracks):
        outer = around.get(int(other_labels[_pixel(labels, crack)]))
        for parts in (inner.get(crack.number, []), [outer] if outer is not None else []):
            if parts:
                low, high = np.sum([part.branches_bounds for part in parts], axis=0)
                bounds[k] = min(bounds[k, 0], low), max(bounds[k, 1], high)
    return bounds


def total(cracks: list[Component]) -> np.ndarray:
    """Length, mean, 95 % and greatest width (4,), px, of cracks together; zeros without a crack."""
    return _figures(cracks)


def _parts(
    labels: np.ndarray, other: list[Component], other_labels: np.ndarray
) -> dict[int, list[Component]]:
    """The components of another outline by the label of the crack that each lies in."""
    parts: dict[int, list[Component]] = {}
    for part in other:
        parts.setdefault(int(labels[_pixel(other_labels, part)]), []).append(part)
    return parts


def _pixel(labels: np.ndarray, component: Component) -> tuple[int, int]:
    """A pixel of a component."""
    top, left, bottom, right = component.box
    y, x = divmod(int(np.argmax(labels[top:bottom, left:right] == component.number)), right - left)
    return top + y, left + x


def _figures(cracks: list[Component], near: Component | None = None) -> np.ndarray:
    widths = [crack.defined_widths for crack in cracks]
    if near is not None:
        tree = KDTree(np.concatenate([line.points for line in near.lines]))
        reach = 2.0 + float(near.defined_widths.max())
        places = [
            np.concatenate([p.points[c] for p, c in zip(k.lines, k.counted, strict=True)]) for k in cracks
        ]
        widths = [w[tree.query(p)[0] <= reach] for w, p in zip(widths, places, strict=True)]
    every = np.concatenate(widths) if widths else np.zeros(0)
    if not len(every):
        return np.zeros(4)
    return np.array(
        [sum(crack.length for crack in cracks), every.mean(), np.quantile(every, 0.95), every.max()],
        dtype=float,
    )
