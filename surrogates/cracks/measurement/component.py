"""One connected crack of a mask, measured in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.ndimage import find_objects, label

from fieldwright.surrogates.cracks.measurement.centreline import Centreline, centreline_of
from fieldwright.surrogates.cracks.measurement.figures import pooled_figures
from fieldwright.surrogates.cracks.measurement.pose import Sides, canonical_pose
from fieldwright.surrogates.cracks.measurement.skeleton import Rim, skeleton_of
from fieldwright.surrogates.cracks.measurement.skeleton_graph import graph_of
from fieldwright.surrogates.cracks.measurement.width_profile import widths_along

EIGHT = np.ones((3, 3), dtype=int)


@dataclass(frozen=True)
class Component:
    """A connected crack.

    number: its label, from 1. lines: centrelines in the photo's rows and columns. widths: (n,) px along each.
    counted: (n,) bool, where the width is defined. area: px^2. branches, tips, branches_bounds: of the graph of
    its middle line.
    box: first and last row and column, the last ones excluded. first: row and column of its first pixel, row by row.
    """

    number: int
    lines: tuple[Centreline, ...]
    widths: tuple[np.ndarray, ...]
    counted: tuple[np.ndarray, ...]
    area: int
    branches: int
    tips: int
    box: tuple[int, int, int, int]
    branches_bounds: tuple[int, int]
    first: tuple[int, int]

    @cached_property
    def length(self) -> float:
        """Length in pixels."""
        return sum(line.length for line in self.lines)

    @cached_property
    def defined_widths(self) -> np.ndarray:
        """Widths (n,) in px, one a pixel of length, where they are defined."""
        return np.concatenate([w[c] for w, c in zip(self.widths, self.counted, strict=True)])

    @cached_property
    def figures(self) -> np.ndarray:
        """Its length, mean, 95 % and greatest width (4,), px."""
        return pooled_figures([self.length], [self.defined_widths])

    @property
    def doubled(self) -> complex:
        """Sum of the steps of its lines, px, at twice their angle to the rows, so that forth and back are one."""
        steps = np.concatenate([np.diff(line.points, axis=0) for line in self.lines])
        length = np.maximum(np.hypot(*steps.T), 1e-12)
        return complex(((steps[:, 1] - 1j * steps[:, 0]) ** 2 / length).sum())

    def moved(self, corner: tuple[int, int], number: int) -> Component:
        """The same where the part of a photo that it was found in begins at this row and column."""
        (down, across), (top, left, bottom, right) = corner, self.box
        lines = tuple(replace(line, points=line.points + np.array(corner)) for line in self.lines)
        box = (top + down, left + across, bottom + down, right + across)
        first = (self.first[0] + down, self.first[1] + across)
        return replace(self, number=number, lines=lines, box=box, first=first)


def labelled(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Labels (h, w) int32 of the connected cracks, corners included, and how many there are."""
    labels = np.zeros(mask.shape, dtype=np.int32)
    return labels, int(label(mask, EIGHT, output=labels))  # type: ignore[arg-type]


def components(labels: np.ndarray, count: int, least_area: int, edges: Sides) -> Iterator[Component]:
    """The cracks of at least `least_area` px^2, each measured within its box.

    edges: whether the top, bottom, left and right side of the labels is an edge of the photo, where cracks go on.
    """
    area = np.bincount(labels.ravel(), minlength=count + 1)
    for number, box in enumerate(find_objects(labels), start=1):
        if box is not None and area[number] >= least_area:
            yield _measured(labels, number, box, edges)


def _measured(labels: np.ndarray, number: int, box: tuple[slice, slice], edges: Sides) -> Component:
    rows, columns = box
    part = labels[box] == number
    first = (rows.start, columns.start + int(part[0].argmax()))
    at_edge = (
        edges[0] and rows.start == 0,
        edges[1] and rows.stop == labels.shape[0],
        edges[2] and columns.start == 0,
        edges[3] and columns.stop == labels.shape[1],
    )
    pose, part, at_edge = canonical_pose(part, at_edge)
    pixels, rim = skeleton_of(part, at_edge), Rim(part, at_edge)
    inside = np.argwhere(part)
    if not len(pixels):
        pixels = inside[:1]
    graph = graph_of(pixels, rim.radius(pixels))
    lines = [centreline_of(arm, part, rim.radius(arm.points)) for arm in graph.arms]
    discs = [rim.radius(line.points) for line in lines]
    widths, counted = widths_along(lines, inside, discs)
    corner = np.array([rows.start, columns.start])
    return Component(
        number,
        tuple(Centreline(pose.back(line.points) + corner, line.junctions) for line in lines),
        tuple(widths),
        tuple(counted),
        len(inside),
        graph.branches,
        graph.tips,
        (rows.start, columns.start, rows.stop, columns.stop),
        graph.branches_bounds,
        first,
    )
