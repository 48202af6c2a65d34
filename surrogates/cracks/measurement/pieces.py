"""A photo cut into pieces that do not touch: each is measured by itself, in arrays of its size."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import find_objects

from fieldwright.surrogates.cracks.measurement.bounds import branches_bounds, inner_and_outer
from fieldwright.surrogates.cracks.measurement.component import Component, components, labelled
from fieldwright.surrogates.cracks.measurement.outlines import Outlined, Segmented, bands, outlines
from fieldwright.surrogates.cracks.measurement.pose import Sides


@dataclass
class MeasuredPieces:
    """Cracks of a photo, and what their outlines allow.

    low, high: length, mean, 95 % and greatest width, px, of each crack by the inner and by the outer outline.
    branches: least and greatest number. inner, outer: the cracks of the two outlines, those of the mask where no
    probability is known. area: of both outlines, px^2. by_hand: of each crack, whether it was corrected.
    """

    cracks: list[Component] = field(default_factory=list)
    low: list[np.ndarray] = field(default_factory=list)
    high: list[np.ndarray] = field(default_factory=list)
    branches: list[np.ndarray] = field(default_factory=list)
    inner: list[Component] = field(default_factory=list)
    outer: list[Component] = field(default_factory=list)
    area: tuple[int, int] = (0, 0)
    by_hand: list[bool] = field(default_factory=list)

    def in_order(self) -> MeasuredPieces:
        """The cracks numbered from 1 in the order of their first pixels, row by row."""
        order = sorted(range(len(self.cracks)), key=lambda k: self.cracks[k].first)
        low, high, branches = ([column[k] for k in order] for column in (self.low, self.high, self.branches))
        by_hand = [self.by_hand[k] for k in order]
        cracks = [self.cracks[k].moved((0, 0), number) for number, k in enumerate(order, start=1)]
        return MeasuredPieces(cracks, low, high, branches, self.inner, self.outer, self.area, by_hand)

    def take(self, piece: Piece, least_area: int) -> None:
        """Measures the cracks of a piece."""
        labels, cracks = piece.cracks_of(piece.mask, least_area)
        figures = np.array([crack.figures for crack in cracks]).reshape(-1, 4)
        branches = np.array([crack.branches_bounds for crack in cracks], dtype=int).reshape(-1, 2)
        low, high, inner, outer = figures, figures, cracks, cracks
        by_hand = np.zeros(int(labels.max(initial=0)) + 1, dtype=bool)
        if piece.segmented is not None:
            limits = outlines(piece.mask, piece.here, piece.segmented)
            (inner_labels, inner), (outer_labels, outer) = (
                (labels, cracks) if np.array_equal(one, piece.mask) else piece.cracks_of(one, least_area)
                for one in (limits.inner, limits.outer)
            )
            low = inner_and_outer(cracks, labels, inner, inner_labels, outer=False)
            high = inner_and_outer(cracks, labels, outer, outer_labels, outer=True)
            for other, other_labels in ((inner, inner_labels), (outer, outer_labels)):
                more = branches_bounds(cracks, labels, other, other_labels)
                branches = np.stack(
                    [np.minimum(branches[:, 0], more[:, 0]), np.maximum(branches[:, 1], more[:, 1])], axis=1
                )
            # A stroke of the eraser may have shortened any crack that lay in one piece with what it took.
            by_hand[labels[piece.segmented.drawn(piece.mask)]] = True
            by_hand |= bool((piece.segmented.erased(piece.mask) & piece.here).any())
            # Within the piece, its outer outline is what it was labelled by, but for what was erased.
            self.area = (self.area[0], self.area[1] - piece.area + int(limits.outer.sum()))
        self.cracks += [crack.moved(piece.corner, crack.number) for crack in cracks]
        self.low += list(np.minimum(low, figures))
        self.high += list(high)
        self.branches += list(branches)
        self.by_hand += [bool(by_hand[crack.number]) for crack in cracks]
        self.inner += inner
        self.outer += outer


@dataclass(frozen=True)
class Piece:
    """A connected part of all that is or may be crack.

    corner: row and column at which its arrays begin. here: (h, w) bool, its pixels. mask: (h, w) bool, within them.
    segmented: of the same part of the photo. edges: whether its sides are those of the photo. area: px^2 of `here`.
    """

    corner: tuple[int, int]
    here: np.ndarray
    mask: np.ndarray
    segmented: Segmented | Outlined | None
    edges: Sides
    area: int

    def cracks_of(self, outline: np.ndarray, least_area: int) -> tuple[np.ndarray, list[Component]]:
        """Labels (h, w) of an outline (h, w) bool of it, and its cracks of so many px^2 at least."""
        if np.array_equal(outline, self.here):  # The piece as a whole is one already.
            labels, count = outline.astype(np.int32), 1
        else:
            labels, count = labelled(outline)
        return labels, list(components(labels, count, least_area, self.edges))


def measured_pieces(
    mask: np.ndarray, segmented: Segmented | Outlined | None, least_area: int
) -> MeasuredPieces:
    """The cracks of a mask (h, w) bool of so many px^2 at least, with what their outlines allow."""
    everything, inner_area, erased = _everything(mask, segmented)
    labels, count = labelled(everything)
    area = np.zeros(count + 1, dtype=np.int64)
    with_erased = np.zeros(count + 1, dtype=bool)
    for rows in bands(len(labels)):
        area += np.bincount(labels[rows].ravel(), minlength=count + 1)
        if erased:
            with_erased[labels[rows][segmented.part((rows, slice(None))).erased(mask[rows])]] = True  # type: ignore[union-attr]
    pieces = MeasuredPieces(area=(inner_area, int(area[1:].sum())))
    height, width = mask.shape
    for number, box in enumerate(find_objects(labels), start=1):
        if box is None or (area[number] < least_area and not with_erased[number]):
            continue
        rows, columns = box
        here = labels[box] == number
        edges = (rows.start == 0, rows.stop == height, columns.start == 0, columns.stop == width)
        part = None if segmented is None else segmented.part(box)
        corner = (rows.start, columns.start)
        pieces.take(Piece(corner, here, mask[box] & here, part, edges, int(area[number])), least_area)
    return pieces.in_order()


def _everything(mask: np.ndarray, segmented: Segmented | Outlined | None) -> tuple[np.ndarray, int, bool]:
    """What is or may be crack (h, w) bool, the area of the inner outline, and whether anything was erased."""
    if segmented is None or not mask.any():
        return mask, int(mask.sum()), False
    everything, inner_area, erased = np.empty_like(mask), 0, False
    for rows in bands(len(mask)):
        part, crack = segmented.part((rows, slice(None))), mask[rows]
        everything[rows] = crack | part.outer()
        inner_area += int((crack & part.inner()).sum())
        erased = erased or bool(part.erased(crack).any())
    return everything, inner_area, erased
