"""One connected crack of a mask, measured in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import find_objects, label

from fieldwright.surrogates.cracks.measurement.centreline import Centreline, centreline_of
from fieldwright.surrogates.cracks.measurement.pose import canonical_pose
from fieldwright.surrogates.cracks.measurement.skeleton import radius_at, rim_of, skeleton_of
from fieldwright.surrogates.cracks.measurement.skeleton_graph import graph_of
from fieldwright.surrogates.cracks.measurement.width_profile import widths_along

EIGHT = np.ones((3, 3), dtype=int)


@dataclass(frozen=True)
class Component:
    """A connected crack.

    number: its label, from 1. lines: centrelines in the photo's rows and columns. widths: (n,) px along each.
    counted: (n,) bool, where the width is defined. area: px^2. branches, tips, branches_bounds: of the graph of
    its middle line.
    box: first and last row and column, the last ones excluded.
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

    @property
    def length(self) -> float:
        """Length in pixels."""
        return sum(line.length for line in self.lines)

    @property
    def defined_widths(self) -> np.ndarray:
        """Widths (n,) in px, one a pixel of length, where they are defined."""
        return np.concatenate([w[c] for w, c in zip(self.widths, self.counted, strict=True)])

    @property
    def doubled(self) -> complex:
        """Sum of the steps of its lines, px, at twice their angle to the rows, so that forth and back are one."""
        steps = np.concatenate([np.diff(line.points, axis=0) for line in self.lines])
        length = np.maximum(np.hypot(*steps.T), 1e-12)
        return complex(((steps[:, 1] - 1j * steps[:, 0]) ** 2 / length).sum())


def labelled(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Labels (h, w) int32 of the connected cracks, corners included, and how many there are."""
    labels = np.zeros(mask.shape, dtype=np.int32)
    return labels, int(label(mask, EIGHT, output=labels))  # type: ignore[arg-type]


def components(labels: np.ndarray, count: int, least_area: int) -> Iterator[Component]:
    """The cracks of at least `least_area` px^2, each measured within its own box."""
    area = np.bincount(labels.ravel(), minlength=count + 1)
    for number, box in enumerate(find_objects(labels), start=1):
        if box is not None and area[number] >= least_area:
            yield _measured(labels, number, box)


def _measured(labels: np.ndarray, number: int, box: tuple[slice, slice]) -> Component:
    rows, columns = box
    part = labels[box] == number
    at_edge = (
        rows.start == 0,
        rows.stop == labels.shape[0],
        columns.start == 0,
        columns.stop == labels.shape[1],
    )
    pose, part, at_edge = canonical_pose(part, at_edge)
    pixels, rim = skeleton_of(part, at_edge), rim_of(part, at_edge)
    if not len(pixels):
        pixels = np.argwhere(part)[:1]
    graph = graph_of(pixels, radius_at(pixels, rim))
    lines = [centreline_of(arm, part, radius_at(arm.points, rim)) for arm in graph.arms]
    discs = [radius_at(line.points, rim) for line in lines]
    inside = np.argwhere(part)
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
    )
