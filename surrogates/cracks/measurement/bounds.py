"""Bounds of what is measured: how far the outline may be off, and what pixels cannot tell."""

from __future__ import annotations

from collections import Counter

import numpy as np

from fieldwright.surrogates.cracks.measurement.component import Component
from fieldwright.surrogates.cracks.measurement.figures import pooled_figures
from fieldwright.surrogates.cracks.measurement.nearest import Nearest

LENGTH_ERROR = 0.03
"""Share of the length by which the method itself is off at most on 9 of 10 generated surfaces, about."""
MEAN_WIDTH_ERROR = 0.25, 0.03
"""px and share of the width, added as squares, the same for the mean width."""
WIDTH_ERROR = 1.0, 0.08
"""px and share of the width, the same for widths at single places, so for their maximum and 95 % quantile."""
SIDEWAYS_ERROR = 1.0, 0.22
"""px and share of the width by which the end of a middle line is off sideways, which turns a crack's direction."""


def own_errors(figures: np.ndarray) -> np.ndarray:
    """By how much the method itself is off (4,), px, for length, mean, 95 % and greatest width (4,), px."""
    if not figures.any():
        return np.zeros(4)
    widths = [
        np.hypot(px, share * w)
        for (px, share), w in zip((MEAN_WIDTH_ERROR, WIDTH_ERROR, WIDTH_ERROR), figures[1:], strict=True)
    ]
    return np.array([LENGTH_ERROR * figures[0], *widths])


def half_widths(figures: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far bounds reach below and above figures (4,), px: the outlines' and the method's own error, as squares.

    low, high: (4,) the figures of the inner and of the outer outline.
    """
    errors = own_errors(figures)
    return np.hypot(figures - low, errors), np.hypot(high - figures, errors)


def widening_units(figures: np.ndarray, half_width: np.ndarray) -> np.ndarray:
    """What a half-width (4,), px, is widened in multiples of: itself, and for the length its square root in px.

    A network misses pieces of a crack at its ends and gaps, which come with the length and not with the error of the
    pixels.
    """
    return np.concatenate([np.sqrt(figures[:1]), half_width[1:]])


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
        np.array([crack.figures for crack in cracks]).reshape(-1, 4) if outer else np.zeros((len(cracks), 4))
    )
    row = {crack.number: k for k, crack in enumerate(cracks)}
    if not outer:
        for number, inner_parts in _parts(labels, other, other_labels).items():
            if number in row:
                figures_by_crack[row[number]] = total(inner_parts)
        return figures_by_crack
    outer_parts = {part.number: part for part in other}
    joined = {crack.number: int(other_labels[crack.first]) for crack in cracks}
    lengths: dict[int, float] = {}
    for crack in cracks:
        around = joined[crack.number]
        lengths[around] = lengths.get(around, 0.0) + crack.length
    alone = Counter(joined.values())
    for number, k in row.items():
        part = outer_parts.get(joined[number])
        if part is not None:
            single = alone[part.number] == 1
            length_of_others = 0.0 if single else lengths[part.number] - cracks[k].length
            figures = part.figures
            figures_by_crack[k, 0] = max(figures[0] - length_of_others, figures_by_crack[k, 0])
            if single:
                figures_by_crack[k, 1:] = np.maximum(figures[1:], figures_by_crack[k, 1:])
            else:  # a bridge tells nothing about the width of the crack: by its own lines alone
                figures_by_crack[k, 1:] = np.maximum(
                    _figures_near(part, cracks[k])[1:], figures_by_crack[k, 1:]
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
        outer = around.get(int(other_labels[crack.first]))
        for parts in (inner.get(crack.number, []), [outer] if outer is not None else []):
            if parts:
                low, high = np.sum([part.branches_bounds for part in parts], axis=0)
                bounds[k] = min(bounds[k, 0], low), max(bounds[k, 1], high)
    return bounds


def total(cracks: list[Component]) -> np.ndarray:
    """Length, mean, 95 % and greatest width (4,), px, of cracks together; zeros without a crack."""
    return pooled_figures([crack.length for crack in cracks], [crack.defined_widths for crack in cracks])


def _parts(
    labels: np.ndarray, other: list[Component], other_labels: np.ndarray
) -> dict[int, list[Component]]:
    """The components of another outline by the label of the crack that each lies in."""
    parts: dict[int, list[Component]] = {}
    for part in other:
        parts.setdefault(int(labels[part.first]), []).append(part)
    return parts


def _figures_near(crack: Component, near: Component) -> np.ndarray:
    """The figures of a crack by the widths that stand near the lines of another one."""
    lines = Nearest(np.concatenate([line.points for line in near.lines]))
    reach = 2.0 + float(near.defined_widths.max())
    places = np.concatenate([p.points[c] for p, c in zip(crack.lines, crack.counted, strict=True)])
    return pooled_figures([crack.length], [crack.defined_widths[lines.query(places)[0] <= reach]])
